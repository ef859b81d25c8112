// How calls are timed and printed.

export type Call = () => Promise<void>

export const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** The time below which this part of all times lies. */
export function at(times: readonly number[], part: number): number {
  return times.toSorted((left, right) => left - right)[Math.floor(times.length * part)] ?? Number.NaN
}

/** One line: median and 99th percentile, with the median's ratio to a floor's. */
export function print(name: string, times: readonly number[], floor?: number): void {
  const p50 = at(times, 0.5)
  const p99 = at(times, 0.99)
  console.log(`  ${name.padEnd(52)} p50 ${p50.toFixed(3).padStart(8)} ms  p99 ${p99.toFixed(3).padStart(8)} ms${floor === undefined ? "" : `  ${(p50 / floor).toFixed(2)}x`}`)
}

export async function timed(call: Call): Promise<number> {
  const began = performance.now()
  await call()
  return performance.now() - began
}

/** Candidates in turn, one call each, with time between for what is made ahead. */
export async function compare(candidates: { readonly [name: string]: Call }, rounds: number): Promise<void> {
  const times = new Map(Object.keys(candidates).map((name) => [name, [] as number[]]))
  for (let round = 0; round < rounds + 50; round++) {
    for (const [name, call] of Object.entries(candidates)) {
      const took = await timed(call)
      if (round >= 50) times.get(name)?.push(took)
      await pause(3)
    }
  }
  const floor = at([...times.values()][0] ?? [], 0.5)
  for (const [name, each] of times) print(name, each, floor)
}

/** So many calls, so many of them at once. */
export async function flood(call: Call, count: number, atOnce: number): Promise<{ readonly times: number[]; readonly perSecond: number }> {
  const times: number[] = []
  let left = count
  const began = performance.now()
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (left-- > 0) times.push(await timed(call))
  }))
  return { times, perSecond: (count * 1000) / (performance.now() - began) }
}

/** Calls that begin at a steady rate, whether those before have ended or not. */
export async function steady(call: Call, perSecond: number, count: number): Promise<number[]> {
  const times: number[] = []
  const all: Promise<void>[] = []
  const began = performance.now()
  while (all.length < count) {
    const due = Math.min(count, Math.floor(((performance.now() - began) * perSecond) / 1000))
    while (all.length < due) all.push(timed(call).then((took) => void times.push(took)))
    await pause(1)
  }
  await Promise.all(all)
  return times
}
