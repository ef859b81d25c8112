// One spelling of MongoDB's patterns for rules and for queries: see engine/expressions/translate-regex.ts.
export { translateRegex, type RegexReading } from "../../data/index.ts"
