import { describe, expect, test } from "vitest"
import { FairQueue } from "../../../runtime/fair-queue.ts"

const anyone = (): boolean => true

describe("FairQueue", () => {
  test("users take turns", () => {
    const queue = new FairQueue<string>({ all: 10, user: 10 })
    for (const item of ["a1", "a2", "a3"]) queue.push("a", item)
    queue.push("b", "b1")
    expect([1, 2, 3, 4].map(() => queue.shift(anyone))).toEqual(["a1", "b1", "a2", "a3"])
    expect(queue.shift(anyone)).toBeUndefined()
  })

  test("push() refuses beyond the bound of a user, and of all", () => {
    const queue = new FairQueue<number>({ all: 3, user: 2 })
    expect([queue.push("a", 1), queue.push("a", 2), queue.push("a", 3)]).toEqual([true, true, false])
    expect([queue.push("b", 4), queue.push("b", 5)]).toEqual([true, false])
    expect(queue.size).toBe(3)
  })

  test("shift() passes over users who may not go on", () => {
    const queue = new FairQueue<string>({ all: 10, user: 10 })
    queue.push("a", "a1")
    queue.push("b", "b1")
    expect(queue.shift((user) => user !== "a")).toBe("b1")
    expect(queue.shift((user) => user !== "a")).toBeUndefined()
    expect(queue.shift(anyone)).toBe("a1")
  })

  test("take() and drain() leave nothing behind of what they give", () => {
    const queue = new FairQueue<number>({ all: 10, user: 10 })
    for (const item of [1, 2, 3, 4]) queue.push(item % 2 === 0 ? "even" : "odd", item)
    expect(queue.take((item) => item > 2).toSorted()).toEqual([3, 4])
    expect(queue.size).toBe(2)
    expect(queue.drain().toSorted()).toEqual([1, 2])
    expect([queue.size, queue.shift(anyone)]).toEqual([0, undefined])
  })
})
