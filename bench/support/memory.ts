import { readFileSync } from "node:fs"

/** The processes that a process has started. */
export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number)
  } catch {
    return []
  }
}

/** Memory of a process and its children, shared pages counted in shares, in KiB; undefined where the system does not tell. */
export function memoryOf(pid: number): number | undefined {
  try {
    const own = Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1])
    return childrenOf(pid).reduce((sum, child) => sum + (memoryOf(child) ?? 0), own)
  } catch {
    return undefined
  }
}
