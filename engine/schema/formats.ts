// The formats of JSON Schema that a text can be tested for. All tests take time linear in the text.
import { compileRegex, type Regex } from "../expressions/index.ts"

const label = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
const octet = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"

/** Compiled when it is first asked: most apps use no format, and all of them start. */
function matching(pattern: string): (text: string) => boolean {
  let regex: Regex | undefined
  return (text) => (regex ??= compiled(pattern)).test(text) === true
}

function compiled(pattern: string): Regex {
  const result = compileRegex(pattern)
  // INVARIANT: the patterns stand in this file.
  if ("problem" in result) throw new TypeError(`Cannot compile the pattern of a format: ${result.problem}`)
  return result.regex
}

const isDay = matching("^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
const isTime = matching("^([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$")

function isDate(text: string): boolean {
  if (!isDay(text)) return false
  const date = new Date(`${text}T00:00:00Z`)
  // The 30th of February is read as a day of March.
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
}

function isIpv6(text: string): boolean {
  return !/[^0-9a-fA-F:.]/.test(text) && URL.canParse(`http://[${text}]`)
}

const formats: Record<string, (text: string) => boolean> = {
  "date":      isDate,
  "time":      isTime,
  "date-time": (text) => /^.{10}[Tt ]/.test(text) && isDate(text.slice(0, 10)) && isTime(text.slice(11)),
  "email":     matching("^[^@\\s]+@[^@\\s]+$"),
  "hostname":  matching(`^${label}(\\.${label})*$`),
  "ipv4":      matching(`^${octet}(\\.${octet}){3}$`),
  "ipv6":      isIpv6,
  "uri":       (text) => matchesScheme(text) && URL.canParse(text),
  "uri-reference": (text) => URL.canParse(text, "http://a/"),
  "uuid":      matching("^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"),
  "regex":     (text) => !("problem" in compileRegex(text)),
  "json-pointer": matching("^(/([^~]|~[01])*)*$"),
}

const matchesScheme = matching("^[A-Za-z][A-Za-z0-9+.-]*:[^\\s]*$")

/** The test for a format, or undefined for an unknown one. */
export function formatTest(name: string): ((text: string) => boolean) | undefined {
  return Object.hasOwn(formats, name) ? formats[name] : undefined
}
