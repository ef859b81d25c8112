// Writes zip files for tests: what yauzl reads, also what no honest tool would write.
import { crc32, deflateRawSync } from "node:zlib"

export interface ZipEntry { readonly path: string; readonly data: Buffer | string; /** Unix mode and kind, shifted as zip has it. */ readonly mode?: number; /** A lie about the size. */ readonly size?: number }

/** The bytes of a zip file. */
export function zipOf(entries: readonly ZipEntry[]): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { path, data, mode = 0o100644, size } of entries) {
    const raw = Buffer.from(data)
    const packed = deflateRawSync(raw, { level: 1 })
    const name = Buffer.from(path)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(8, 4)
    common.writeUInt32LE(crc32(raw), 10)
    common.writeUInt32LE(packed.length, 14)
    common.writeUInt32LE(size ?? raw.length, 18)
    common.writeUInt16LE(name.length, 22)
    parts.push(Buffer.from("PK\x03\x04"), common, name, packed)
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE((mode << 16) >>> 0, 6)
    rest.writeUInt32LE(offset, 10)
    directory.push(Buffer.from("PK\x01\x02"), Buffer.from([20, 3]), common, rest, name)
    offset += 4 + common.length + name.length + packed.length
  }
  const central = Buffer.concat(directory)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(entries.length, 4)
  end.writeUInt16LE(entries.length, 6)
  end.writeUInt32LE(central.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...parts, central, Buffer.from("PK\x05\x06"), end])
}
