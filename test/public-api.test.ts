// What the published package promises: every export of every entry, from the built files, and that they work.
import { spawn } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { buildPackage, type Built } from "./support/build.ts"
import { client, signUp } from "./support/story.ts"

let built: Built
beforeAll(async () => {
  built = await buildPackage()
}, 120_000)
afterAll(() => built.remove())

/** The values each entry exports; types are compiled against below. */
const entries: Record<string, readonly string[]> = {
  "backstitch": [
    "ConfigError", "PermissionError", "QuestionFault", "RequestError", "checkAddress", "checkDirectory", "copyData", "createMailer", "createServer",
    "directoryIndexes", "dumpData", "explainDirectory", "importUsers", "inspectDump", "openOperator", "openStore", "parseMetricsToken", "parseOperatorToken", "parseSettings",
    "parseTrustedProxies", "questionOperations", "readExplainUser", "readQuestion", "readSettings", "restoreData",
  ],
  "backstitch/engine": [
    "CallsWanted", "ExpressionError", "allOf", "analyse", "analyseRules", "applyFilters", "arrayFilterPaths", "asksFunctions", "assignRole",
    "assignStored", "bind", "bindRules", "bindSchema", "changePaths", "choosesUsers", "compile", "compileMongoRegex", "compileRegex", "compileStored",
    "constantOf", "createCallTable", "decideDelete", "decideEvent", "decideInsert", "decideRead", "decideUpdate", "defaultRuleSettings",
    "deniedInPipeline", "deniedInPredicate", "deniedInProjection", "deniedInUpdate", "effectiveRules", "explain", "explainAccess", "explainFilters",
    "explainRules", "explainSchema", "expressionsOf", "filterExpressionsOf", "forbiddenPath", "identical", "isPathAlwaysReadable", "isPathReadable", "leftOver", "mayHold",
    "nearest", "needsCustomData", "noCalls", "parseCondition", "parseExpression", "parseExpressionOrThrow", "parseRules", "parseSchema", "predicatePaths", "pushAll",
    "pushAny", "pushAssigned", "pushVisible", "pushedNot", "readAs", "referencesOf", "schemaExpressions", "shadowOf", "sortPaths", "storedScope", "toDatabaseQuery",
    "toQuery", "translateRegex", "unreadablePaths", "validateDocument",
  ],
  "backstitch/runtime": ["createRuntime", "defaultLimits", "scriptPrefix"],
  "backstitch/tokens": [
    "accessTokenSeconds", "anonymousRefreshSeconds", "createSignIn", "createTokenService", "defaultRefreshTokenSeconds", "readBearer",
  ],
  "backstitch/storage": ["customDataReader", "embedded", "mongodb", "openState"],
  "backstitch/errors": [
    "BackstitchError", "ConfigError", "EjsonError", "ExpressionError", "InternalError", "PermissionError", "RequestError", "StoreError",
    "TransferError",
  ],
}

describe("the entries of the package", () => {
  for (const [entry, names] of Object.entries(entries)) {
    test(`${entry} exports what it promises and nothing else`, async () => {
      const { stdout } = await built.run(process.execPath, ["--input-type=module", "-e", `console.log(JSON.stringify(Object.keys(await import(${JSON.stringify(entry)}))))`])
      expect((JSON.parse(stdout) as string[]).toSorted()).toEqual([...names].toSorted())
    })
  }

  test("nothing else can be imported", async () => {
    await expect(built.run(process.execPath, ["--input-type=module", "-e", 'await import("backstitch/dist/server/serve-app.js")'])).rejects.toThrow(/ERR_PACKAGE_PATH_NOT_EXPORTED/)
  })

  test("have types that a strict program compiles against", async () => {
    writeFileSync(join(built.path, "consumer.ts"), `
      import { createServer, type BackstitchServer } from "backstitch"
      import { compile, parseRules } from "backstitch/engine"
      import { createRuntime, type Runtime } from "backstitch/runtime"
      import { createTokenService } from "backstitch/tokens"
      import { embedded, mongodb, type Store } from "backstitch/storage"
      import { ConfigError, type ConfigErrorCode } from "backstitch/errors"
      export const server: Promise<BackstitchServer> = createServer({ directory: ".", data: { memory: true } })
      export const runtime: Runtime = createRuntime()
      export const store: Store = embedded({ file: ":memory:" })
      export const code: ConfigErrorCode = new ConfigError("option-invalid", "").code
      // @ts-expect-error a port is a number
      void server.then((each) => each.listen({ port: "4080" }))
      export const rest = [parseRules, compile, createTokenService, mongodb]
    `)
    const { stdout } = await built.run(join(built.path, "node_modules/.bin/tsc"), ["--ignoreConfig", "--noEmit", "--strict", "--module", "nodenext", "--target", "es2024", "--types", "node", "consumer.ts"])
    expect(stdout).toBe("")
  }, 60_000)
})

describe("the built program", () => {
  test("checks an app", async () => {
    const { stdout } = await built.run(process.execPath, ["dist/cli/main.js", "check", "fixtures/apps/worktracker"])
    expect(stdout).toMatch(/0 errors/)
  })

  test("serves one: a login, its creation function and a function call work", async () => {
    const child = spawn(process.execPath, ["dist/cli/main.js", "serve", "fixtures/apps/worktracker", "--port", "0", "--data", join(built.path, "built.sqlite")], { cwd: built.path, stdio: ["ignore", "pipe", "pipe"] })
    try {
      const line = await new Promise<RegExpExecArray>((done, reject) => {
        let text = ""
        const look = (chunk: string): void => {
          text += chunk
          const found = /^serving (\S+) at (\S+)$/m.exec(text)
          if (found !== null) done(found)
        }
        child.stdout.setEncoding("utf8").on("data", look)
        child.stderr.setEncoding("utf8").on("data", look)
        child.once("exit", (code) => reject(new Error(`ended with ${code}: ${text}`)))
      })
      const user = await signUp(client(line[1] as string, line[2] as string), "lea@red.example")
      expect(user.customData).toMatchObject({ role: "lead", team: "red" })
      expect(await user.functions["whoAmI"]?.()).toMatchObject({ id: user.id, isLead: true })
    } finally {
      child.kill()
    }
  })
})
