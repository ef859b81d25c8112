// Closing the log while flushes are under way.
import { mkdtempSync, rmSync, writeFileSync, type fdatasync as Flush } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, test, vi } from "vitest"
import { flushLog } from "../../../../server/storage/embedded/durability.ts"

// A flush reaches the file a turn later than it is asked for.
vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>()
  const fdatasync = (handle: number, done: Parameters<typeof Flush>[1]): void => void setImmediate(() => fs.fdatasync(handle, done))
  return { ...fs, fdatasync }
})

test("a log is closed after the flush that waits behind another", async () => {
  const folder = mkdtempSync(join(tmpdir(), "flush-"))
  try {
    const log = join(folder, "log")
    writeFileSync(log, "x")
    const durability = flushLog(log)
    const flushes = [durability.flushed(), durability.flushed()]
    await Promise.all([durability.close(), ...flushes])
    expect(await Promise.allSettled(flushes)).toEqual([{ status: "fulfilled", value: undefined }, { status: "fulfilled", value: undefined }])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
