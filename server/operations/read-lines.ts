import { TransferError } from "./transfer-error.ts"

const newline = 10
const mostLineBytes = 64 * 1024 * 1024

/**
 * The lines of a stream of bytes. Only `\n` ends one: U+2028 is an ordinary character of JSON, which `node:readline` is not aware of.
 * Rejects with `TransferError` for what is not UTF-8 or too long to be a line of a dump.
 */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false })
  let parts: Uint8Array[] = []
  let length = 0
  let number = 0
  const take = (last: Uint8Array): string => {
    number += 1
    const bytes = parts.length === 0 ? last : Buffer.concat([...parts, last])
    parts = []
    length = 0
    try {
      return decoder.decode(bytes)
    } catch {
      throw new TransferError("dump-invalid", `Cannot read line ${number} of the dump: it is not UTF-8`, { line: number })
    }
  }
  for await (const chunk of chunks) {
    let from = 0
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, from)) {
      yield take(chunk.subarray(from, at))
      from = at + 1
    }
    if (from === chunk.length) continue
    parts.push(chunk.subarray(from))
    length += chunk.length - from
    if (length > mostLineBytes) throw new TransferError("dump-invalid", `Cannot read line ${number + 1} of the dump: it is longer than ${mostLineBytes} bytes`, { line: number + 1 })
  }
  if (length > 0) yield take(new Uint8Array(0))
}
