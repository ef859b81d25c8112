import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // A minute and a half of attacks on the sandbox: always in CI, else with `npm run test:hostile`.
    exclude: process.env["CI"] === "true" || process.env["HOSTILE"] === "true" ? [] : ["test/adversarial/**"],
    pool: "forks",
    maxWorkers: 2,
    execArgv: ["--no-node-snapshot"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: process.env["VITEST_JSON"] === undefined ? ["default"] : ["default", "json"],
    ...(process.env["VITEST_JSON"] === undefined ? {} : { outputFile: { json: process.env["VITEST_JSON"] } }),
  },
})
