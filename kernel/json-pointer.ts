/** A JSON pointer (RFC 6901): `""` is the whole document, `/roles/0/read` a place in it. */
export type JsonPointer = string

/** Appends one segment to a pointer, escaping `~` and `/`. */
export function childPointer(parent: JsonPointer, segment: string | number): JsonPointer {
  return `${parent}/${String(segment).replaceAll("~", "~0").replaceAll("/", "~1")}`
}

/** The segments of a pointer, unescaped. */
export function pointerSegments(pointer: JsonPointer): string[] {
  return pointer === "" ? [] : pointer.slice(1).split("/").map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
}
