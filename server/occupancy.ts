/** Counts what is inside, and tells when the last has left. */
export interface Occupancy {
  /** Call what it gives once, at the end. */
  enter(): () => void
  /** Runs work inside. */
  around<Result>(work: () => Promise<Result>): Promise<Result>
  /** Resolves when nothing is inside. */
  emptied(): Promise<void>
}

/** Makes a count of nothing. */
export function createOccupancy(): Occupancy {
  let count = 0
  let waiting: (() => void)[] = []

  function enter(): () => void {
    count += 1
    return () => {
      count -= 1
      if (count > 0) return
      const told = waiting
      waiting = []
      for (const tell of told) tell()
    }
  }

  return {
    enter,
    async around(work) {
      const leave = enter()
      try {
        return await work()
      } finally {
        leave()
      }
    },
    async emptied() {
      while (count > 0) await new Promise<void>((done) => waiting.push(done))
    },
  }
}
