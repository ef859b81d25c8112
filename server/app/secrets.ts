// Where the text of a secret comes from. Never in the exported tree, except in the import-only `secrets.json` of old tools.
// SECURITY: what this file handles never enters a finding, a log or the model.
import type { Report, Spot } from "./findings.ts"
import { isRecord, openFields, within, type Fields, type Place } from "./fields.ts"
import { checkName } from "./names.ts"
import type { Reading } from "./reading.ts"

/** Looks a secret up by name. */
export type SecretLookup = (name: string) => string | undefined

export interface SecretRegister {
  readonly lookup: SecretLookup
  /** Adds a secret that the app directory itself carries; what the operator supplies wins. */
  supply(name: string, text: string): void
}

/**
 * The register of one load: the operator's lookup, then `BACKSTITCH_SECRET_<NAME>` of the environment, then what the
 * directory carries (specification of the app directory, 3.5 and 5.1).
 */
export function openSecrets(lookup: SecretLookup | undefined, environment: Readonly<Record<string, string | undefined>>): SecretRegister {
  const carried = new Map<string, string>()
  return {
    lookup: (name) => lookup?.(name) ?? environment[variableOf(name)] ?? carried.get(name),
    supply: (name, text) => {
      carried.set(name, text)
    },
  }
}

function variableOf(secret: string): string {
  return `BACKSTITCH_SECRET_${secret.toUpperCase().replaceAll("-", "_")}`
}

/** Reports a reference to a secret that nobody supplies, or one beyond the documented length. */
export function checkSecret(name: string, at: Spot, { secrets }: Reading, report: Report): void {
  const text = secrets.lookup(name)
  if (text === undefined) {
    report.error("unknown-secret", at, `could not find secret "${name}"; supply it as \`${variableOf(name)}\` or in the file of secrets`)
    return
  }
  checkName(name, at, report)
  if (text.length > 500) report.warning("bad-secret", at, `the secret \`${name}\` is longer than the documented 500 characters`)
}

/** A `secret_config`: config field to secret name or names. Carried secrets of `secrets.json` are wired in. */
export function readSecretConfig(fields: Fields, owner: string, reading: Reading, report: Report = fields.report): Record<string, string | string[]> {
  const found: Record<string, string | string[]> = {}
  const carried = carriedSecrets(reading, owner)
  const place = fields.object("secret_config")
  const inner = place === undefined ? undefined : openFields(place, report, undefined)
  for (const key of isRecord(place?.value) ? Object.keys(place.value) : []) {
    const names = Array.isArray(inner?.any(key)?.value) ? inner.texts(key) : inner?.text(key)
    if (names === undefined || names === "" || inner === undefined) continue
    found[key] = typeof names === "string" ? names : [...names]
  }
  const referred = new Set(Object.values(found).flat())
  for (const [field, text] of carried) {
    if (referred.has(field)) {
      reading.secrets.supply(field, text)
    } else if (!Object.hasOwn(found, field)) {
      found[field] = `__${owner}_${field}`
      reading.secrets.supply(`__${owner}_${field}`, text)
    }
  }
  for (const key of Object.keys(found)) {
    const at = place === undefined ? fields.at : within(place, key)
    for (const name of [found[key] ?? []].flat()) checkSecret(name, at, reading, report)
  }
  return found
}

const secretsFile = "secrets.json"

/** Announces `secrets.json` and takes its flat form: secret name to text. */
export function readSecretsFile(reading: Reading): void {
  const place = reading.json(secretsFile, () => true)
  if (place === undefined) return
  reading.report.warning("secrets-on-disk", place, "secrets stand in clear in the app directory; move them out and delete the file")
  const fields = openFields(place, reading.report, undefined)
  if (fields === undefined || !isRecord(place.value)) return
  for (const key of Object.keys(place.value)) {
    const text = fields.any(key)?.value
    if (typeof text === "string") reading.secrets.supply(key, text)
  }
}

function carriedSecrets(reading: Reading, owner: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const root = reading.json(secretsFile, () => true)?.value
  for (const group of ["auth_providers", "services"]) {
    const owners: unknown = isRecord(root) && Object.hasOwn(root, group) ? root[group] : undefined
    const fields: unknown = isRecord(owners) && Object.hasOwn(owners, owner) ? owners[owner] : undefined
    if (!isRecord(fields)) continue
    for (const key of Object.keys(fields)) {
      const text = fields[key]
      if (typeof text === "string") found.set(key, text)
    }
  }
  return found
}

/** The place of a file as a whole. */
export function wholeFile(file: string): Place {
  return { file, pointer: "", value: undefined }
}
