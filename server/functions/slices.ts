// Work of one call, done in such a way that the server gets to the others in between.

/** How long the operations of one batch may keep the server from others before it turns to them. */
const sliceMs = 5

/** Begins each piece of work in order, and lets the server do other things when that has taken a while. Stops when the call has ended. */
export async function inSlices<Piece>(pieces: readonly Piece[], begin: (piece: Piece) => void, ended: AbortSignal): Promise<void> {
  let since = performance.now()
  for (const piece of pieces) {
    if (ended.aborted) return
    begin(piece)
    if (pieces.length === 1) return
    // What has begun goes on as microtasks, which count as well.
    await undefined
    if (performance.now() - since < sliceMs) continue
    await new Promise((resolve) => setImmediate(resolve))
    since = performance.now()
  }
}
