import fc from "fast-check"
import { expect, test } from "vitest"
import { TopList } from "../../../../server/storage/embedded/top-list.ts"

test("gives the first of a sort, equal ones in order of insertion, as sorting all of them does", async () => {
  const cases = fc.tuple(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 60 }), fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 20 }))
  await fc.assert(fc.asyncProperty(cases, async ([values, limit, skip]) => {
    const all = values.map((value, n) => ({ n, document: { value }, size: 10 }))
    const top = new TopList((left, right) => (left["value"] as number) - (right["value"] as number), { most: limit === 0 ? 0 : skip + limit, skip })
    for (const each of all) top.add(each)
    const expected = all.toSorted((left, right) => left.document.value - right.document.value || left.n - right.n).slice(skip, limit === 0 ? undefined : skip + limit)
    expect(top.sorted()).toEqual(expected)
    expect(await top.sortedGently()).toEqual(expected)
  }), { numRuns: 500 })
})

test("counts the bytes of what it keeps, not of what has passed", () => {
  const byValue = new TopList((left, right) => (left["value"] as number) - (right["value"] as number), { most: 3, skip: 0 })
  for (let n = 0; n < 20; n++) byValue.add({ n, document: { value: -n }, size: 30 * 1024 * 1024 })
  expect(byValue.sorted().map(({ n }) => n)).toEqual([19, 18, 17])
  const all = new TopList(() => 0, { most: 0, skip: 0 })
  for (let n = 0; n < 3; n++) all.add({ n, document: {}, size: 30 * 1024 * 1024 })
  expect(() => all.add({ n: 3, document: {}, size: 30 * 1024 * 1024 })).toThrow(expect.objectContaining({ serverCode: 292 }))
})
