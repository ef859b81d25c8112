// The BSON numbers that JavaScript has no type for. Runs inside the isolate.
const numeric = (value) => {
  if (typeof value === "bigint" || typeof value === "number") return value
  if (typeof value === "object" && value !== null) return numeric(value.valueOf())
  return typeof value === "string" ? NativeNumber(value) : value === undefined ? 0 : NaN
}

const int32Class = bsonClass(() => class Int32 {
  constructor(value = 0) { this.value = +numeric(value) | 0 }
  valueOf() { return this.value }
  toString(radix) { return numberText(this.value, radix) }
  toJSON() { return this.value }
  static fromString(text) { return new Int32(text) }
})

const doubleClass = bsonClass(() => class Double {
  constructor(value = 0) { this.value = +NativeNumber(numeric(value)) }
  valueOf() { return this.value }
  toString(radix) { return numberText(this.value, radix) }
  toJSON() { return this.value }
  static fromString(text) { return new Double(text) }
})

const longClass = bsonClass(() => class Long {
  // `Long(low, high)` joins two words; one argument is the whole number.
  constructor(low = 0, high, unsigned = false) {
    if (typeof low === "number" && typeof high === "number") [this.low, this.high] = [low | 0, high | 0]
    else {
      const wide = typeof low === "bigint" ? low : typeof low === "string" ? integerOf(low) : bsonTypeOf(low) === "Long" ? low.toBigInt() : truncated(+numeric(low))
      this.low = NativeNumber(asIntN(32, wide))
      this.high = NativeNumber(asIntN(32, wide >> 32n))
      if (typeof high === "boolean") unsigned = high
    }
    this.unsigned = unsigned === true
  }
  toBigInt() {
    const wide = (NativeBigInt(this.high) << 32n) | NativeBigInt(this.low >>> 0)
    return this.unsigned ? asUintN(64, wide) : wide
  }
  toNumber() { return NativeNumber(this.toBigInt()) }
  toInt() { return this.low }
  valueOf() { return this.toNumber() }
  toString(radix = 10) { return bigText(this.toBigInt(), radix) }
  toJSON() { return this.toString() }
  getHighBits() { return this.high }
  getLowBits() { return this.low }
  isZero() { return this.low === 0 && this.high === 0 }
  isNegative() { return this.toBigInt() < 0n }
  isPositive() { return !this.isNegative() }
  isOdd() { return (this.low & 1) === 1 }
  isEven() { return !this.isOdd() }
  compare(other) {
    const [left, right] = [this.toBigInt(), new Long(other).toBigInt()]
    return left < right ? -1 : left > right ? 1 : 0
  }
  equals(other) { return this.compare(other) === 0 }
  notEquals(other) { return this.compare(other) !== 0 }
  lessThan(other) { return this.compare(other) < 0 }
  lessThanOrEqual(other) { return this.compare(other) <= 0 }
  greaterThan(other) { return this.compare(other) > 0 }
  greaterThanOrEqual(other) { return this.compare(other) >= 0 }
  add(other) { return new Long(this.toBigInt() + new Long(other).toBigInt()) }
  subtract(other) { return new Long(this.toBigInt() - new Long(other).toBigInt()) }
  multiply(other) { return new Long(this.toBigInt() * new Long(other).toBigInt()) }
  divide(other) { return new Long(this.toBigInt() / new Long(other).toBigInt()) }
  modulo(other) { return new Long(this.toBigInt() % new Long(other).toBigInt()) }
  negate() { return new Long(-this.toBigInt()) }
  not() { return new Long(~this.toBigInt()) }
  and(other) { return new Long(this.toBigInt() & new Long(other).toBigInt()) }
  or(other) { return new Long(this.toBigInt() | new Long(other).toBigInt()) }
  xor(other) { return new Long(this.toBigInt() ^ new Long(other).toBigInt()) }
  shiftLeft(bits) { return new Long(this.toBigInt() << NativeBigInt(+numeric(bits) & 63)) }
  shiftRight(bits) { return new Long(this.toBigInt() >> NativeBigInt(+numeric(bits) & 63)) }
  static fromNumber(value) { return new Long(NativeNumber(value)) }
  static fromInt(value) { return new Long(value | 0) }
  static fromBits(low, high) { return new Long(+low, +high) }
  static fromBigInt(value) { return new Long(NativeBigInt(value)) }
  static fromString(text) { return new Long(NativeString(text)) }
  static fromValue(value) { return new Long(value) }
  static isLong(value) { return bsonTypeOf(value) === "Long" }
  static { for (const [short, long] of [["sub", "subtract"], ["mul", "multiply"], ["div", "divide"], ["mod", "modulo"], ["eq", "equals"], ["lt", "lessThan"], ["gt", "greaterThan"], ["lte", "lessThanOrEqual"], ["gte", "greaterThanOrEqual"], ["le", "lessThanOrEqual"], ["ge", "greaterThanOrEqual"], ["ne", "notEquals"], ["neq", "notEquals"], ["comp", "compare"], ["rem", "modulo"], ["neg", "negate"], ["shl", "shiftLeft"], ["shr", "shiftRight"], ["eqz", "isZero"]]) hide(this.prototype, short, this.prototype[long]) }
  static get MAX_VALUE() { return new Long(0x7fffffffffffffffn) }
  static get MIN_VALUE() { return new Long(-0x8000000000000000n) }
  static get ZERO() { return new Long(0) }
  static get ONE() { return new Long(1) }
  static get NEG_ONE() { return new Long(-1) }
})

const integerOf = (text) => {
  if (!testPattern(/^[+-]?\d+$/, text)) throw new NativeTypeError("Cannot create a Long: not an integer")
  return NativeBigInt(text[0] === "+" ? sliceText(text, 1) : text)
}
const truncated = (value) => {
  if (value !== value) return 0n
  return NativeBigInt(value >= 0 ? floor(smaller(value, 9223372036854774784)) : -floor(smaller(-value, 9223372036854775808)))
}

const decimalPattern = /^([+-])?(?:(\d+)\.?(\d*)|\.(\d+))(?:[eE]([+-]?\d+))?$/

/**
 * The one spelling of a decimal number (that of the specification of Decimal128), or undefined when the text is none.
 * At most 34 digits are kept; dropping digits other than zero is refused, as is an exponent out of range.
 */
const decimalText = (text) => {
  if (testPattern(/^[+-]?nan$/i, text)) return "NaN"
  if (testPattern(/^[+-]?inf(?:inity)?$/i, text)) return text[0] === "-" ? "-Infinity" : "Infinity"
  const match = execPattern(decimalPattern, text)
  if (match === null) return undefined
  const sign = match[1] === "-" ? "-" : ""
  const fraction = match[3] ?? match[4] ?? ""
  let digits = (match[2] ?? "") + fraction
  let exponent = NativeNumber(match[5] ?? "0") - fraction.length
  let start = 0
  while (start < digits.length - 1 && digits[start] === "0") start++
  digits = sliceText(digits, start)
  while (digits.length > 34 || (exponent < -6176 && digits.length > 1)) {
    if (digits[digits.length - 1] !== "0") return undefined
    digits = sliceText(digits, 0, -1)
    exponent++
  }
  if (digits === "0") exponent = smaller(larger(exponent, -6176), 6111)
  while (exponent > 6111 && digits.length < 34) {
    digits += "0"
    exponent--
  }
  if (exponent > 6111 || exponent < -6176) return undefined
  return sign + writeDecimal(digits, exponent)
}

const writeDecimal = (digits, exponent) => {
  const scientific = digits.length - 1 + exponent
  if (exponent > 0 || scientific < -6) {
    const rest = sliceText(digits, 1)
    return `${digits[0]}${rest === "" ? "" : `.${rest}`}E${scientific < 0 ? "" : "+"}${scientific}`
  }
  if (exponent === 0) return digits
  const point = digits.length + exponent
  return point > 0 ? `${sliceText(digits, 0, point)}.${sliceText(digits, point)}` : `0.${repeatText("0", -point)}${digits}`
}

const decimal128Class = bsonClass(() => class Decimal128 {
  constructor(input = "0") {
    const text = bsonTypeOf(input) === "Decimal128" ? input.toString() : NativeString(input)
    this[content] = decimalText(text)
    if (this[content] === undefined) throw new NativeTypeError("Cannot create a Decimal128: not a decimal number of at most 34 digits")
  }
  toString() { return this[content] }
  toJSON() { return { $numberDecimal: this[content] } }
  equals(other) { return bsonTypeOf(other) === "Decimal128" && other.toString() === this[content] }
  static fromString(text) { return new Decimal128(NativeString(text)) }
})

let bson

const bsonClasses = () => ({
  __proto__: null, ObjectId: objectIdClass, Binary: binaryClass, UUID: uuidClass, BSONRegExp: bsonRegExpClass, Timestamp: timestampClass, MinKey: minKeyClass, MaxKey: maxKeyClass,
  Code: codeClass, BSONSymbol: bsonSymbolClass, DBRef: dbRefClass, Int32: int32Class, Double: doubleClass, Long: longClass, Decimal128: decimal128Class,
})

/** What guest code knows as `BSON`; made when it is first asked for, and so is each of its classes. */
const getBson = () => {
  if (bson !== undefined) return bson
  bson = {}
  const classes = bsonClasses()
  for (const name of objectKeys(classes)) part(bson, name, () => callable(classes[name]()))
  lazily(bson, "ObjectID", () => bson.ObjectId)
  return bson
}
