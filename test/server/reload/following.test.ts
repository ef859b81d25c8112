// How a process does as another one did, where it cannot.
import { expect, test } from "vitest"
import type { LoadedApp } from "../../../server/app/index.ts"
import { digestOfFiles } from "../../../server/deployed-version.ts"
import { ConfigError } from "../../../server/errors.ts"
import { createReloading } from "../../../server/reload.ts"

test("a deployment that fails here is tried ever more rarely, and said each time", async () => {
  const files = new Map([["root_config.json", "{}"]])
  const loaded = { app: {}, files, findings: [], secrets: () => undefined } as unknown as LoadedApp
  const [revisions, said] = [[1], [] as string[]]
  let [reads, loads] = [0, 0]
  const { promise: enough, resolve } = Promise.withResolvers<void>()
  const reloading = createReloading({
    app: { redeploy: () => Promise.reject(new ConfigError("app-refused", "the data sources have changed")) },
    load: async () => (loads++, { loaded, findings: [] }),
    versions: {
      async read() {
        if (++reads === 40) resolve()
        return { revision: revisions.at(-1) as number, digest: digestOfFiles(files) }
      },
      publish: () => Promise.reject(new Error("not asked")),
    },
    alone: false, log: (_level, code) => void said.push(code), pollMs: 1,
  })
  await reloading.begin(loaded)
  revisions.push(2)
  await enough
  await reloading.stop()
  expect(loads).toBeGreaterThan(2)
  expect(loads).toBeLessThan(9)
  expect(said).toEqual(Array.from({ length: loads }, () => "deployment-failed"))
})
