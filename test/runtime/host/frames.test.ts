import { describe, expect, test } from "vitest"
import * as fc from "fast-check"
import { encodeFrame, FrameError, FrameReader, type Frame } from "../../../runtime/frames.ts"

function readAll(bytes: Buffer, cuts: readonly number[], limit = 1_000_000): Frame[] {
  const frames: Frame[] = []
  const reader = new FrameReader(limit, (frame) => frames.push(frame))
  let from = 0
  for (const cut of [...cuts.map((each) => each % (bytes.length + 1)).toSorted((left, right) => left - right), bytes.length]) {
    reader.push(bytes.subarray(from, cut))
    from = cut
  }
  return frames
}

describe("frames", () => {
  test("come out as they went in, however the bytes are cut", () => {
    const frame = fc.record({ type: fc.nat(255), call: fc.nat(0xffffffff), split: fc.nat(0xffffffff), body: fc.string({ unit: "grapheme", maxLength: 60 }) })
    fc.assert(fc.property(fc.array(frame, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 8 }), (frames, cuts) => {
      const bytes = Buffer.concat(frames.map(({ type, call, split, body }) => encodeFrame(type, call, split, body)))
      expect(readAll(bytes, cuts)).toEqual(frames)
    }))
  })

  test("one that is too long is refused by its header alone", () => {
    const header = encodeFrame(1, 1, 0, "").subarray(0, 13)
    header.writeUInt32LE(1000, 0)
    expect(() => readAll(header, [], 500)).toThrow(FrameError)
  })
})
