// Preferred numbers, by which `$bucketAuto` rounds the bounds of its buckets.
import { isNumeric, toDouble, type Value } from "../../../../kernel/index.ts"
import { toNumber } from "../numbers.ts"
import { wrongStage } from "../stage.ts"
import type { Cut } from "./grouping.ts"

const series: Readonly<Record<string, readonly number[]>> = {
  "R5": [10, 16, 25, 40, 63],
  "R10": [100, 125, 160, 200, 250, 315, 400, 500, 630, 800],
  "R20": [100, 112, 125, 140, 160, 180, 200, 224, 250, 280, 315, 355, 400, 450, 500, 560, 630, 710, 800, 900],
  "R40": [
    100, 106, 112, 118, 125, 132, 140, 150, 160, 170, 180, 190, 200, 212, 224, 236, 250, 265, 280, 300,
    315, 335, 355, 375, 400, 425, 450, 475, 500, 530, 560, 600, 630, 670, 710, 750, 800, 850, 900, 950,
  ],
  "R80": [
    100, 103, 106, 109, 112, 115, 118, 122, 125, 128, 132, 136, 140, 145, 150, 155, 160, 165, 170, 175, 180, 185, 190, 195, 200, 206, 212, 218, 224, 230, 236, 243,
    250, 258, 265, 272, 280, 290, 300, 307, 315, 325, 335, 345, 355, 365, 375, 387, 400, 412, 425, 437, 450, 462, 475, 487, 500, 515, 530, 545, 560, 580, 600, 615,
    630, 650, 670, 690, 710, 730, 750, 775, 800, 825, 850, 875, 900, 925, 950, 975,
  ],
  "1-2-5": [10, 20, 50],
  "E6": [10, 15, 22, 33, 47, 68],
  "E12": [10, 12, 15, 18, 22, 27, 33, 39, 47, 56, 68, 82],
  "E24": [10, 11, 12, 13, 15, 16, 18, 20, 22, 24, 27, 30, 33, 36, 39, 43, 47, 51, 56, 62, 68, 75, 82, 91],
  "E48": roots(48), "E96": roots(96), "E192": roots(192),
}

/** The finer E series of IEC 60063: roots of ten to three digits, but for one number of E192. */
function roots(steps: number): number[] {
  return Array.from({ length: steps }, (_, step) => {
    const rounded = Math.round(100 * 10 ** (step / steps))
    return rounded === 919 ? 920 : rounded
  })
}

/** The names MongoDB takes. */
export const granularities: ReadonlySet<string> = new Set([...Object.keys(series), "POWERSOF2"])

/** Buckets whose bounds are preferred numbers. Throws `StoreError` for values that are no numbers or are negative. */
export function granularBounds(values: readonly Value[], buckets: number, granularity: string, name: string): Cut[] {
  const numbers = values.map((value) => {
    if (!isNumeric(value)) throw wrongStage(name, "a value is no number, which `granularity` needs", 40258)
    const number = toNumber(value)
    if (Number.isNaN(number)) throw wrongStage(name, "a value is NaN", 40259)
    if (number < 0) throw wrongStage(name, "a value is negative, which `granularity` forbids", 40260)
    return number
  })
  const cuts: Cut[] = []
  const size = Math.max(1, Math.round(numbers.length / buckets))
  let from = 0
  let min = numbers.length === 0 ? 0 : below(numbers[0] as number, granularity)
  while (from < numbers.length) {
    const isLast = cuts.length === buckets - 1
    let to = isLast ? numbers.length : Math.min(numbers.length, from + size)
    const max = above(numbers[to - 1] as number, granularity)
    while (to < numbers.length && (numbers[to] as number) < max) to += 1
    cuts.push({ from, to, min: toDouble(min), max: toDouble(max) })
    min = max
    from = to
  }
  return cuts
}

/** The next preferred number above. */
function above(value: number, granularity: string): number {
  if (granularity === "POWERSOF2") return value === 0 ? 0 : 2 ** (Math.floor(Math.log2(value)) + 1)
  return neighbour(value, granularity, 1)
}

function below(value: number, granularity: string): number {
  if (granularity === "POWERSOF2") return value === 0 ? 0 : 2 ** (Math.ceil(Math.log2(value)) - 1)
  return neighbour(value, granularity, -1)
}

function neighbour(value: number, granularity: string, side: 1 | -1): number {
  if (value === 0) return 0
  const steps = series[granularity] as readonly number[]
  const exponent = Math.floor(Math.log10(value)) - Math.floor(Math.log10(steps[0] as number))
  const all = [exponent - 1, exponent, exponent + 1].flatMap((power) => steps.map((step) => (power < 0 ? step / 10 ** -power : step * 10 ** power)))
  return side === 1 ? (all.find((candidate) => candidate > value) as number) : (all.findLast((candidate) => candidate < value) as number)
}
