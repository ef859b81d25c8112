// The regressions of the rules, on MongoDB. Databases of the app are emptied as the tests go.
import { afterAll, test } from "vitest"
import { startMongoServer } from "../../servers/mongo-server.ts"
import { regressions } from "./regressions.ts"

const server = await startMongoServer()

if ("skipped" in server) {
  test.skip(`the regressions of the rules on MongoDB: ${server.skipped}`, () => undefined)
} else {
  afterAll(() => server.stop())
  regressions(server.standIn ? "a stand-in for MongoDB" : "MongoDB", () => ({ mongodb: server.uri }))
}
