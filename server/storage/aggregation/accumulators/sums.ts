// Sums, means and deviations, by kinds of numbers.
import { isNumeric, toDouble, type Value } from "../../../../kernel/index.ts"
import { addNumbers, decimalParts, fromParts, kindOf } from "../../language/index.ts"
import { divideParts, ExactSum, integer, toDecimal, toInteger, toNumber } from "../numbers.ts"

/** A sum of what numbers there are among values; the widest kind is the result's. */
export class Sum {
  count = 0
  #integers = 0n
  /** Small integers are added as such: most sums have no others. */
  #small = 0
  #doubles = new ExactSum()
  #decimal: Value
  #kind: "int" | "long" | "double" | "decimal" = "int"

  add(value: Value): void {
    if (typeof value === "number" && (value | 0) === value) {
      this.count += 1
      if (Object.is(value, -0)) this.#addDouble(value)
      else {
        this.#small += value
        // SOURCE: case grp-7493b5e3; once a sum of ints has outgrown 32 bits it stays a long.
        if (this.#kind === "int" && (this.#small | 0) !== this.#small) this.#kind = "long"
        if (Math.abs(this.#small) > 2 ** 52) this.#carry()
      }
      return
    }
    if (!isNumeric(value)) return
    this.count += 1
    const kind = kindOf(value)
    if (kind === "double") this.#addDouble(toNumber(value))
    else if (kind === "decimal") {
      this.#decimal = this.#decimal === undefined ? value : addNumbers(this.#decimal, value)
      this.#kind = "decimal"
    } else {
      this.#integers += toInteger(value)
      if (kind === "long" && this.#kind === "int") this.#kind = "long"
    }
  }

  #addDouble(value: number): void {
    this.#doubles.add(value)
    if (this.#kind !== "decimal") this.#kind = "double"
  }

  #carry(): void {
    this.#integers += BigInt(this.#small)
    this.#small = 0
  }

  get result(): Value {
    this.#carry()
    if (this.#kind === "int" || this.#kind === "long") return integer(this.#integers, this.#kind)
    if (this.#kind === "double") return toDouble(this.#asDouble())
    const withIntegers = addNumbers(this.#decimal, fromParts({ digits: this.#integers, ten: 0 }))
    return this.#doubles.value === 0 ? withIntegers : addNumbers(withIntegers, toDecimal(toDouble(this.#doubles.value)))
  }

  #asDouble(): number {
    const all = new ExactSum()
    all.add(this.#doubles.value)
    const high = Number(this.#integers)
    all.add(high)
    if (Number.isFinite(high)) all.add(Number(this.#integers - BigInt(high)))
    return all.value
  }

  /** The mean; null of nothing. */
  get mean(): Value {
    if (this.count === 0) return null
    if (this.#kind !== "decimal") {
      this.#carry()
      return toDouble(this.#asDouble() / this.count)
    }
    const parts = decimalParts(this.result)
    return typeof parts === "number" ? this.result : fromParts(divideParts(parts, { digits: BigInt(this.count), ten: 0 }))
  }
}

/** The standard deviation of what numbers there are among values, by Welford's recurrence. */
export class Deviation {
  #count = 0
  #mean = 0
  #squares = 0

  add(value: Value): void {
    if (!isNumeric(value)) return
    const number = toNumber(value)
    this.#count += 1
    const delta = number - this.#mean
    if (delta === 0) return
    this.#mean += delta / this.#count
    this.#squares += delta * (number - this.#mean)
  }

  /** Of the whole population, or estimated from a sample; null of too few values. */
  result(isSample: boolean): Value {
    const divisor = isSample ? this.#count - 1 : this.#count
    return divisor <= 0 ? null : toDouble(Math.sqrt(this.#squares / divisor))
  }
}

/** Percentiles of what numbers there are among values, NaN aside: the value at the rank, none in between. */
export function percentiles(values: readonly Value[], wanted: readonly number[]): Value[] {
  const sorted = Float64Array.from(values.filter((value) => isNumeric(value)).map(toNumber).filter((number) => !Number.isNaN(number))).toSorted()
  return wanted.map((p) => (sorted.length === 0 ? null : toDouble(sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] as number)))
}
