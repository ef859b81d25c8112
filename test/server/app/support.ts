import { resolve } from "node:path"
import { readApp, type LoadedApp, type LoadOptions } from "../../../server/app/index.ts"

/** The directory of a sample app. */
export function fixture(name: string): string {
  return resolve(import.meta.dirname, "../../../fixtures/apps", name)
}

/** Reads an app from texts and JSON values; a root file and an identity are added unless given. */
export function appOf(files: Readonly<Record<string, unknown>>, options: LoadOptions = {}): LoadedApp {
  const base: Record<string, unknown> = { "root_config.json": { name: "small" }, ".mdb/meta.json": { client_app_id: "small-abcde" } }
  const hasRoot = ["root_config.json", "realm_config.json", "config.json", "stitch.json"].some((name) => Object.hasOwn(files, name))
  const all = Object.entries(hasRoot ? files : { ...base, ...files }).filter(([, content]) => content !== undefined)
  const texts = all.map(([path, content]): [string, string] => [path, typeof content === "string" ? content : JSON.stringify(content, undefined, 4)])
  return readApp({ directory: "/app", files: new Map(texts) }, { env: {}, strict: true, ...options })
}

/** What was found, short: `severity code file#pointer`. */
export function found({ findings }: Pick<LoadedApp, "findings">): string[] {
  return findings.map(({ severity, code, file, pointer }) => `${severity} ${code} ${file}${pointer === "" ? "" : `#${pointer}`}`)
}

export const source = { name: "mongodb-atlas", type: "mongodb-atlas", config: { clusterName: "Cluster0" }, version: 1 }
export const sourceFile = "data_sources/mongodb-atlas/config.json"
