// Roots, logarithms, exponentials and angles.
import { Decimal128, toDouble, type Value } from "../../../../kernel/index.ts"
import { kindOf, unsupported } from "../../language/index.ts"
import { isNaNumber, multiply, toDecimal, toNumber, widestKind } from "../numbers.ts"
import { binaryOrNull, unaryOrNull, wrong, type Operator } from "../operands.ts"
import { requireNumber } from "./arithmetic.ts"
import { decimalExponential, decimalLogarithm, decimalRoot } from "./decimal-functions.ts"

const root = unaryOrNull((value, { name }) => {
  requireNumber(value, name, 28765)
  if (toNumber(value) < 0) throw wrong(name, "a negative number has no root", 28714)
  return kindOf(value) === "decimal" ? decimalRoot(value) : toDouble(Math.sqrt(toNumber(value)))
})

const exponential = unaryOrNull((value, { name }) => {
  requireNumber(value, name, 28765)
  return kindOf(value) === "decimal" ? decimalExponential(value) : toDouble(Math.exp(toNumber(value)))
})

function logarithm(ofDouble: (value: number) => number, ofDecimal: (value: Value) => Value, code: number): Operator {
  return unaryOrNull((value, { name }) => {
    requireNumber(value, name, 28765)
    if (isNaNumber(value)) return value
    if (toNumber(value) <= 0) throw wrong(name, "only positive numbers have logarithms", code)
    return kindOf(value) === "decimal" ? ofDecimal(value) : toDouble(ofDouble(toNumber(value)))
  })
}

const logarithmToBase = binaryOrNull((value, base, { name }) => {
  requireNumber(value, name, 28756)
  requireNumber(base, name, 28757)
  if (toNumber(value) <= 0) throw wrong(name, "only positive numbers have logarithms", 28758)
  if (toNumber(base) <= 0 || toNumber(base) === 1) throw wrong(name, "the base is not positive or is 1", 28759)
  return widestKind(value, base) === "decimal" ? decimalLogarithm(value, base) : toDouble(Math.log(toNumber(value)) / Math.log(toNumber(base)))
})

/** Functions of angles: of decimals they are refused, as doubles would give fewer digits than a decimal shows. */
function angle(compute: (value: number) => number, isIn: (value: number) => boolean = () => true): Operator {
  return unaryOrNull((value, { name }) => {
    requireNumber(value, name, 28765)
    const number = toNumber(value)
    if (!Number.isNaN(number) && !isIn(number)) throw wrong(name, "the argument is out of range", 50989)
    if (kindOf(value) === "decimal") throw unsupported(`Cannot evaluate \`${name}\`: of decimals it is not supported`)
    return toDouble(compute(number))
  })
}

const isUnit = (value: number): boolean => value >= -1 && value <= 1

const arcTangentOfTwo = binaryOrNull((left, right, { name }) => {
  requireNumber(left, name, 51044)
  requireNumber(right, name, 51045)
  if (widestKind(left, right) === "decimal") throw unsupported(`Cannot evaluate \`${name}\`: of decimals it is not supported`)
  return toDouble(Math.atan2(toNumber(left), toNumber(right)))
})

/** Degrees and radians: one multiplication, which decimals can do as well. */
function converted(factor: string): Operator {
  return unaryOrNull((value, { name }) => {
    requireNumber(value, name, 28765)
    return kindOf(value) === "decimal" ? multiply(value, Decimal128.fromString(factor)) : toDouble(toNumber(value) * Number(factor))
  })
}

export const transcendentalOperators: Readonly<Record<string, Operator>> = {
  $sqrt:  root,
  $exp:   exponential,
  $ln:    logarithm(Math.log, (value) => decimalLogarithm(value), 28766),
  $log10: logarithm(Math.log10, (value) => decimalLogarithm(value, toDecimal(10)), 28761),
  $log:   logarithmToBase,
  $sin:   angle(Math.sin, Number.isFinite),
  $cos:   angle(Math.cos, Number.isFinite),
  $tan:   angle(Math.tan, Number.isFinite),
  $asin:  angle(Math.asin, isUnit),
  $acos:  angle(Math.acos, isUnit),
  $atan:  angle(Math.atan),
  $atan2: arcTangentOfTwo,
  $sinh:  angle(Math.sinh),
  $cosh:  angle(Math.cosh),
  $tanh:  angle(Math.tanh),
  $asinh: angle(Math.asinh),
  $acosh: angle(Math.acosh, (value) => value >= 1),
  $atanh: angle(Math.atanh, isUnit),
  $degreesToRadians: converted("0.01745329251994329576923690768488613"),
  $radiansToDegrees: converted("57.29577951308232087679815481410517"),
}
