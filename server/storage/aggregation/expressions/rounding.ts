// `$ceil`, `$floor`, `$round` and `$trunc`.
import { Decimal128, toDouble, type Value } from "../../../../kernel/index.ts"
import { decimalParts, fromParts, kindOf } from "../../language/index.ts"
import { isNullish } from "../evaluate.ts"
import { integer, toInteger, toNumber, type Parts } from "../numbers.ts"
import { asInt32, unaryOrNull, variadic, wrong, type Operator } from "../operands.ts"
import { requireNumber } from "./arithmetic.ts"

type Mode = "ceil" | "floor" | "even" | "zero"

function toWhole(mode: "ceil" | "floor"): Operator {
  return unaryOrNull((value, { name }) => {
    requireNumber(value, name, 28765)
    switch (kindOf(value)) {
      case "double": return toDouble(mode === "ceil" ? Math.ceil(toNumber(value)) : Math.floor(toNumber(value)))
      case "decimal": return roundDecimal(value, 0, mode)
      default: return value
    }
  })
}

function toPlace(mode: "even" | "zero"): Operator {
  return variadic((values, { name }) => {
    const [value, digits = 0] = values
    if (isNullish(value) || (values.length > 1 && isNullish(values[1]))) return null
    requireNumber(value, name, 51081)
    const place = asInt32(digits)
    if (place === undefined) throw wrong(name, "the place is no integer", 51082)
    if (place < -20 || place > 100) throw wrong(name, "the place is not between -20 and 100", 51083)
    switch (kindOf(value)) {
      case "int": return place >= 0 ? value : integer(roundInteger(toInteger(value), place, mode), "int")
      case "long": return place >= 0 ? value : roundLong(value, place, mode, name)
      case "double": return roundDouble(toNumber(value), place, mode)
      case "decimal": return roundDecimal(value, place, mode)
    }
  }, 1, 2)
}

function roundLong(value: Value, place: number, mode: Mode, name: string): Value {
  const rounded = roundInteger(toInteger(value), place, mode)
  if (BigInt.asIntN(64, rounded) !== rounded) throw wrong(name, "the result does not fit into 64 bits", 51080)
  return integer(rounded, "long")
}

function roundInteger(value: bigint, place: number, mode: Mode): bigint {
  const unit = 10n ** BigInt(-place)
  return roundedQuotient(value, unit, mode) * unit
}

function roundDouble(value: number, place: number, mode: Mode): Value {
  if (!Number.isFinite(value) || value === 0) return toDouble(value)
  if (place === 0) return toDouble(mode === "zero" ? Math.trunc(value) : halfToEven(value))
  const rounded = roundParts(exactParts(value), place, mode)
  const number = Number(`${rounded.digits}e${rounded.ten}`)
  return toDouble(number === 0 && value < 0 ? -0 : number)
}

function halfToEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  if (rest !== 0.5) return rest < 0.5 && Object.is(Math.sign(value), -1) && floor === 0 ? -0 : value < 0 && value > -0.5 ? -0 : Math.round(value)
  const even = floor % 2 === 0 ? floor : floor + 1
  return even === 0 && value < 0 ? -0 : even
}

/** A finite double as digits and exponent, exactly. */
function exactParts(value: number): Parts {
  let digits = value
  let two = 0
  while (!Number.isInteger(digits)) {
    digits *= 2
    two += 1
  }
  // n / 2^k is n × 5^k / 10^k.
  return { digits: BigInt(digits) * 5n ** BigInt(two), ten: -two }
}

function roundDecimal(value: Value, place: number, mode: Mode): Value {
  const parts = decimalParts(value)
  if (typeof parts === "number") return value
  const rounded = fromParts(roundParts(parts, place, mode))
  return parts.digits < 0n && toNumber(rounded) === 0 ? Decimal128.fromString("-0") : rounded
}

function roundParts(value: Parts, place: number, mode: Mode): Parts {
  if (value.ten >= -place) return value
  // So far below the place, only the sign is left of it.
  const excess = -place - value.ten
  const unit = 10n ** BigInt(Math.min(excess, 13_000))
  return { digits: roundedQuotient(value.digits, unit, mode), ten: -place }
}

function roundedQuotient(value: bigint, unit: bigint, mode: Mode): bigint {
  const quotient = value / unit
  const rest = value % unit
  if (rest === 0n) return quotient
  const step = value < 0n ? -1n : 1n
  switch (mode) {
    case "zero": return quotient
    case "ceil": return value > 0n ? quotient + 1n : quotient
    case "floor": return value < 0n ? quotient - 1n : quotient
    case "even": {
      const twice = (rest < 0n ? -rest : rest) * 2n
      return twice > unit || (twice === unit && quotient % 2n !== 0n) ? quotient + step : quotient
    }
  }
}

export const roundingOperators: Readonly<Record<string, Operator>> = {
  $ceil: toWhole("ceil"), $floor: toWhole("floor"), $round: toPlace("even"), $trunc: toPlace("zero"),
}
