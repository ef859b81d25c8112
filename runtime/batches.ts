import { batchBytes, operationBytes } from "./limits.ts"
import { own } from "./own.ts"

/**
 * Cuts a guest's operations into JSON lists of moderate length. One that is too long is sent without its arguments:
 * the server refuses it, and the guest has its answer.
 */
export function batchOperations(operations: readonly unknown[], send: (count: number, body: string) => void): void {
  let texts: string[] = []
  let length = 0
  const flush = (): void => {
    if (texts.length > 0) send(texts.length, `[${texts.join(",")}]`)
    texts = []
    length = 0
  }
  for (const operation of operations) {
    let text = JSON.stringify(operation)
    if (text.length > operationBytes) text = JSON.stringify({ id: own(operation, "id"), kind: "too-long" })
    if (length + text.length > batchBytes) flush()
    texts.push(text)
    length += text.length
  }
  flush()
}
