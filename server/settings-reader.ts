// Reads a settings object strictly: what is unknown or of the wrong kind is an error with its place.
import { childPointer, type JsonPointer } from "../kernel/index.ts"

/** Reads one value; calls `fail` for what it cannot be. SECURITY: no message quotes a value. */
export type Reader<Result> = (value: unknown, pointer: JsonPointer) => Result

/** A setting that cannot be used. */
export class SettingFault extends Error {
  readonly pointer: JsonPointer

  constructor(pointer: JsonPointer, found: string) {
    super(found)
    this.pointer = pointer
  }
}

const expected = (kind: string) => (pointer: JsonPointer): never => {
  throw new SettingFault(pointer, `it is not ${kind}`)
}

export const text: Reader<string> = (value, pointer) => (typeof value === "string" && value !== "" ? value : expected("a text")(pointer))
export const flag: Reader<boolean> = (value, pointer) => (typeof value === "boolean" ? value : expected("true or false")(pointer))

/** A whole number of at least `least`, and at most `most` if there is one. */
export const whole = (least: number, most = Number.MAX_SAFE_INTEGER): Reader<number> => (value, pointer) =>
  (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most ? value as number : expected(most === Number.MAX_SAFE_INTEGER ? `a whole number of at least ${least}` : `a whole number from ${least} to ${most}`)(pointer))

/** One of some words. */
export const word = <Word extends string>(...words: readonly Word[]): Reader<Word> => (value, pointer) => words.find((each) => each === value) ?? expected(`one of ${words.map((each) => `"${each}"`).join(", ")}`)(pointer)

export const list = <Item>(item: Reader<Item>): Reader<readonly Item[]> => (value, pointer) => (Array.isArray(value) ? value.map((each: unknown, index) => item(each, childPointer(pointer, index))) : expected("a list")(pointer))

/** An object whose keys are names that the operator chose. */
export const named = <Item>(item: Reader<Item>): Reader<Readonly<Record<string, Item>>> => (value, pointer) => {
  const entries = Object.entries(asObject(value, pointer)).map(([key, each]) => [key, item(each, childPointer(pointer, key))] as const)
  return Object.fromEntries(entries)
}

/** An object of known keys, each of which may be absent. */
export const fields = <Fields extends Record<string, Reader<unknown>>>(known: Fields): Reader<{ readonly [Key in keyof Fields]?: ReturnType<Fields[Key]> }> => (value, pointer) => {
  const result: Record<string, unknown> = {}
  for (const [key, each] of Object.entries(asObject(value, pointer))) {
    const place = childPointer(pointer, key)
    if (!Object.hasOwn(known, key)) throw new SettingFault(place, "there is no such setting")
    result[key] = (known[key] as Reader<unknown>)(each, place)
  }
  return result as { [Key in keyof Fields]?: ReturnType<Fields[Key]> }
}

function asObject(value: unknown, pointer: JsonPointer): object {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : expected("an object")(pointer)
}
