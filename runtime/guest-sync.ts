// The synchronous crossing: what guest code asks for and gets at once, inside the executor process.
// SECURITY: everything asked here is hostile. It holds no secret and reaches no network; sizes and kinds are checked first.
import { randomBytes } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import type { Json } from "../kernel/index.ts"
import { cryptoFunctions } from "./guest-crypto.ts"
import { jwtFunctions } from "./guest-jwt.ts"
import { urlFunctions } from "./guest-url.ts"
import type { AppCode, SyncAnswer, SyncRequest } from "./protocol.ts"

const mostRandomBytes = 1024 * 1024
// Read before guest code runs: an executor reads no file after its start.
const shimFolder = new URL("./guest/modules/", import.meta.url)
const shimTexts = new Map(readdirSync(shimFolder).map((file) => [file.replace(/\.js$/, ""), readFileSync(new URL(file, shimFolder), "utf8")]))

/** Answers one question of a guest. Never throws. */
export function answerSync(request: SyncRequest, _modules: AppCode["modules"]): SyncAnswer {
  try {
    return { ok: true, value: answer(request) }
  } catch (error) {
    const name = error instanceof Error ? error.name : "Error"
    return { ok: false, name: name.startsWith("TypeError") ? "TypeError" : name.startsWith("RangeError") ? "RangeError" : "Error", message: error instanceof Error ? error.message : "failed" }
  }
}

function answer(request: SyncRequest): Json {
  switch (request.kind) {
    case "random": {
      if (!Number.isInteger(request.bytes) || request.bytes < 0 || request.bytes > mostRandomBytes) throw new RangeError("Cannot make random bytes: too many")
      return randomBytes(request.bytes).toString("base64")
    }
    case "crypto": return table(Object.hasOwn(jwtFunctions, request.name) ? jwtFunctions : cryptoFunctions, request.name, request.args)
    case "url": return table(urlFunctions, request.name, request.args)
    case "module": return shimText(request.name)
    default: throw new TypeError("Cannot answer: no such question")
  }
}

function table(functions: Readonly<Record<string, (args: readonly Json[]) => Json>>, name: unknown, args: unknown): Json {
  const found = typeof name === "string" && Object.hasOwn(functions, name) ? functions[name] : undefined
  if (found === undefined || !Array.isArray(args)) throw new TypeError("Cannot answer: no such function")
  return found(args as Json[])
}

/** The text of one of our own modules for guests. */
function shimText(name: unknown): string {
  const text = typeof name === "string" ? shimTexts.get(name) : undefined
  if (text === undefined) throw new Error(`Cannot find module '${String(name).slice(0, 200)}'`)
  return text
}
