// A first look at a stored document, before it is decoded: most documents a scan meets do not match, and one field tells.
import { compareValues, rankOf, type Value } from "../../../kernel/index.ts"
import { decodeValue } from "../decode.ts"
import type { Bound, PathBounds } from "../language/index.ts"

/** Whether a document, as bytes, may match; false is certain, true is for the filter to decide. */
export type RawFilter = (bytes: Uint8Array) => boolean

const documentType = 0x03
const listType = 0x04

/**
 * Makes the first look from the bounds a filter sets.
 *
 * INVARIANT: bounds are necessary conditions and never hold for a missing field; where a list is met, nothing is decided.
 */
export function compileRawFilter(bounds: readonly PathBounds[]): RawFilter | undefined {
  if (bounds.length === 0) return undefined
  const looks = bounds.map((bound) => ({ names: bound.path.split(".").map((segment) => Buffer.from(segment)), holds: boundTest(bound) }))
  return (bytes) => looks.every(({ names, holds }) => mayHold(bytes, names, holds))
}

function boundTest({ equals, lower, upper }: PathBounds): (value: Value) => boolean {
  return (value) => (equals === undefined || equals.some((each) => compareValues(each, value) === 0)) && isWithin(value, lower, 1) && isWithin(value, upper, -1)
}

function isWithin(value: Value, bound: Bound | undefined, direction: 1 | -1): boolean {
  if (bound === undefined) return true
  if (rankOf(value) !== rankOf(bound.value)) return false
  const order = compareValues(value, bound.value) * direction
  return order > 0 || (order === 0 && bound.inclusive)
}

/** Follows a path through embedded documents to the value at its end. */
function mayHold(bytes: Uint8Array, names: readonly Uint8Array[], holds: (value: Value) => boolean): boolean {
  let at = 4
  for (let depth = 0; depth < names.length; depth++) {
    const found = findField(bytes, at, names[depth] as Uint8Array)
    // What is not understood is not decided here.
    if (found === undefined) return true
    if (found === 0) return false
    const type = bytes[found - (names[depth] as Uint8Array).length - 2] as number
    if (type === listType) return true
    if (depth === names.length - 1) {
      const value = decodeValue(bytes, type, found)
      return value === undefined || holds(value)
    }
    if (type !== documentType) return false
    at = found + 4
  }
  return true
}

/** Where the value of a field begins, from the first element on; 0 if it is missing, undefined if that cannot be told. */
function findField(bytes: Uint8Array, from: number, name: Uint8Array): number | undefined {
  let at = from
  for (;;) {
    const type = bytes[at++]
    if (type === 0) return 0
    if (type === undefined) return undefined
    let matched = 0
    const begin = at
    while (matched < name.length && bytes[at] === name[matched]) {
      matched += 1
      at += 1
    }
    const isIt = matched === name.length && bytes[at] === 0 && at - begin === name.length
    while (at < bytes.length && bytes[at] !== 0) at += 1
    at += 1
    if (isIt) return at
    const size = sizeOf(bytes, type, at)
    if (size === undefined) return undefined
    at += size
  }
}

function sizeOf(bytes: Uint8Array, type: number, at: number): number | undefined {
  switch (type) {
    case 0x01: case 0x09: case 0x11: case 0x12: return 8
    case 0x02: return 4 + int32(bytes, at)
    case 0x03: case 0x04: return int32(bytes, at)
    case 0x05: return 5 + int32(bytes, at)
    case 0x07: return 12
    case 0x08: return 1
    case 0x0a: case 0xff: case 0x7f: return 0
    case 0x10: return 4
    case 0x13: return 16
    default: return undefined
  }
}

function int32(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)
}
