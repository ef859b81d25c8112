// Frames on the pipe between the server and an executor. A pipe of our own and not Node's IPC channel: texts of guests
// pass without being quoted into a second JSON text, and the size of a message is known before it is held in memory.
// docs/decisions/0180-framed-pipe.md has the figures.

/** Server → executor. */
export const toExecutor = { code: 1, call: 2, answers: 3, drain: 4, abandon: 5, settings: 6 } as const
/** Executor → server. */
export const fromExecutor = { ready: 10, ops: 11, logs: 12, end: 13, beat: 14, retire: 15 } as const

/**
 * One message. `split` is where the body's first part ends (`call`, `end`: a head that is ours, then a text that is passed on),
 * or how many items it has (`answers`, `ops`).
 */
export interface Frame { readonly type: number; readonly call: number; readonly split: number; readonly body: string }

const headerBytes = 13

/** The bytes of a frame. */
export function encodeFrame(type: number, call: number, split: number, body: string): Buffer {
  const length = Buffer.byteLength(body)
  const bytes = Buffer.allocUnsafe(headerBytes + length)
  bytes.writeUInt32LE(length, 0)
  bytes[4] = type
  bytes.writeUInt32LE(call, 5)
  bytes.writeUInt32LE(split, 9)
  bytes.write(body, headerBytes)
  return bytes
}

/** The longest frame is exceeded, or the stream is not one of frames. */
export class FrameError extends Error {
  override readonly name = "FrameError"
}

/** Cuts a stream of bytes into frames. */
export class FrameReader {
  readonly #limit: number
  readonly #onFrame: (frame: Frame) => void
  #chunks: Buffer[] = []
  #held = 0
  #wanted = headerBytes

  constructor(limit: number, onFrame: (frame: Frame) => void) {
    this.#limit = limit
    this.#onFrame = onFrame
  }

  /** Takes bytes as they arrive. Throws a {@link FrameError} for a frame over the limit, before it is held. */
  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#held += chunk.length
    while (this.#held >= this.#wanted) {
      const bytes = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks)
      const end = headerBytes + bytes.readUInt32LE(0)
      if (end > this.#limit) throw new FrameError(`Cannot read a frame: it has ${end} bytes, the limit is ${this.#limit}`)
      if (bytes.length < end) {
        this.#chunks = [bytes]
        this.#wanted = end
        return
      }
      const frame = { type: bytes[4]!, call: bytes.readUInt32LE(5), split: bytes.readUInt32LE(9), body: bytes.toString("utf8", headerBytes, end) }
      const rest = bytes.subarray(end)
      this.#chunks = rest.length === 0 ? [] : [rest]
      this.#held = rest.length
      this.#wanted = headerBytes
      this.#onFrame(frame)
    }
  }
}
