// A browser for the Stitch browser SDK: happy-dom's window at another origin, so that its requests are cross-origin and preflighted.
import { Window } from "happy-dom"

export interface Browser {
  /** Restores the process's own globals. */
  close(): Promise<void>
}

/** Puts a page at `origin` in place of the globals that the SDK looks for. */
export async function openBrowser(origin: string): Promise<Browser> {
  const window = new Window({ url: `${origin}/` })
  const page: Record<string, unknown> = {
    window, self: window, document: window.document, location: window.location, navigator: window.navigator, localStorage: window.localStorage, sessionStorage: window.sessionStorage,
    XMLHttpRequest: window.XMLHttpRequest, EventSource: eventSourceAt(origin), MessageEvent,
  }
  // Where the SDK looks whether the page can have streams.
  Object.assign(window, { EventSource: page["EventSource"], MessageEvent })
  const before = Object.keys(page).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const)
  for (const [name, value] of Object.entries(page)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
  return {
    async close() {
      for (const [name, descriptor] of before) {
        if (descriptor === undefined) Reflect.deleteProperty(globalThis, name)
        else Object.defineProperty(globalThis, name, descriptor)
      }
      await window.happyDOM.close()
    },
  }
}

type Handler = ((event: Event) => void) | null

/** `EventSource` as far as the SDK uses it, over `fetch`: sends `Origin` and no other header, and wants the reply to allow it. */
function eventSourceAt(origin: string): unknown {
  return class EventSource {
    onopen: Handler = null
    onmessage: Handler = null
    onerror: Handler = null
    readonly #stop = new AbortController()

    constructor(url: string) {
      void this.#read(url).catch(() => this.#stop.signal.aborted || this.onerror?.(new Event("error")))
    }

    close(): void {
      this.#stop.abort()
    }

    async #read(url: string): Promise<void> {
      const reply = await fetch(url, { headers: { origin, accept: "text/event-stream" }, signal: this.#stop.signal })
      const isAllowed = reply.headers.get("access-control-allow-origin") === origin
      if (!reply.ok || !isAllowed || reply.body === null || reply.headers.get("content-type") !== "text/event-stream") throw new TypeError("the stream cannot be read")
      this.onopen?.(new Event("open"))
      let text = ""
      for await (const chunk of reply.body.pipeThrough(new TextDecoderStream() as never) as unknown as AsyncIterable<string>) {
        text += chunk
        const blocks = text.split("\n\n")
        text = blocks.pop() ?? ""
        for (const block of blocks) this.#tell(block.split("\n"))
      }
      this.onerror?.(new Event("error"))
    }

    #tell(lines: readonly string[]): void {
      const data = lines.filter((line) => line.startsWith("data:")).map((line) => line.slice(5).replace(/^ /, ""))
      if (data.length === 0) return
      const isError = lines.includes("event: error")
      const event = new MessageEvent(isError ? "error" : "message", { data: data.join("\n") })
      if (isError) this.onerror?.(event)
      else this.onmessage?.(event)
    }
  }
}
