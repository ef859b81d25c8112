import { expect } from "vitest"
import { StoreError, type StoreErrorCode } from "../../server/data/index.ts"

/** Awaits a rejection with a `StoreError` of the given code, and gives it. */
export async function expectStoreError(promise: Promise<unknown>, code: StoreErrorCode, serverCode?: number): Promise<StoreError> {
  const error = await promise.then(() => undefined, (reason: unknown) => reason)
  expect(error).toBeInstanceOf(StoreError)
  const found = error as StoreError
  expect(found.code).toBe(code)
  if (serverCode !== undefined) expect(found.serverCode).toBe(serverCode)
  return found
}
