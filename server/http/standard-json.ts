// The reply form "JSON" of endpoints: plain JSON that does not come back as it was. SOURCE: admin specification, 9.6 and 9.8.
import { bsonTypeOf, ejsonText, isDocument, type Binary, type BSONRegExp, type Timestamp, type Value } from "../../kernel/index.ts"

/** The text of a value: dates, ids and decimals as strings, numbers as numbers. */
export function standardJson(value: Value): string {
  if (value === undefined || value === null) return "null"
  if (typeof value === "number") return numberText(value)
  if (typeof value === "string" || typeof value === "boolean") return JSON.stringify(value)
  if (Array.isArray(value)) return `[${(value as readonly Value[]).map(standardJson).join(",")}]`
  if (value instanceof Date) return JSON.stringify(value)
  if (isDocument(value)) return objectText(Object.entries(value).filter(([, field]) => field !== undefined).map(([name, field]) => [name, standardJson(field)]))
  return specialText(value)
}

function specialText(value: Exclude<Value, undefined>): string {
  switch (bsonTypeOf(value)) {
    case "ObjectId": case "Decimal128": case "BSONSymbol": return JSON.stringify(String(value))
    case "Double": case "Int32": return numberText(Number(value))
    // All its digits: a reader that takes numbers for doubles rounds them, one that does not gets the value.
    case "Long": return String(value)
    case "Binary": {
      const binary = value as Binary
      return objectText([["Subtype", String(binary.sub_type)], ["Data", JSON.stringify(Buffer.from(binary.value()).toString("base64"))]])
    }
    case "BSONRegExp": {
      const { pattern, options } = value as BSONRegExp
      return objectText([["Pattern", JSON.stringify(pattern)], ["Options", JSON.stringify(options)]])
    }
    case "Timestamp": {
      const { t, i } = value as Timestamp
      return objectText([["T", String(t)], ["I", String(i)]])
    }
    case "MinKey": case "MaxKey": return "{}"
    // Code and references have no form of their own in the documentation.
    default: return ejsonText(value, { relaxed: true })
  }
}

/** JSON has no infinities and no NaN. */
function numberText(value: number): string {
  return Number.isFinite(value) ? JSON.stringify(value) : "null"
}

function objectText(entries: readonly (readonly [string, string])[]): string {
  return `{${entries.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(",")}}`
}
