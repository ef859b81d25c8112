// The adapters of the mailer: what they send, what they refuse, what they never say.
import { createServer, type Server, type Socket } from "node:net"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { createConsoleMailer, createMailer, composeLetter } from "../../../server/mail/index.ts"
import type { Letter } from "../../../server/index.ts"

const letter: Letter = { kind: "confirm", to: "ana@mail.example", subject: "Wëlcome", link: "https://app.example/confirm?token=t&tokenId=i", token: "t", tokenId: "i" }

/** As much of an SMTP server as a letter needs; it offers no TLS. */
function mailbox(): { readonly server: Server; readonly lines: string[] } {
  const lines: string[] = []
  const server = createServer((socket: Socket) => {
    let inData = false
    let rest = ""
    socket.write("220 test\r\n")
    socket.on("data", (chunk) => {
      rest += chunk.toString("latin1")
      const whole = rest.split("\r\n")
      rest = whole.pop() ?? ""
      for (const line of whole) {
        lines.push(line)
        if (inData) {
          if (line !== ".") continue
          inData = false
          socket.write("250 taken\r\n")
        } else if (line === "DATA") {
          inData = true
          socket.write("354 go on\r\n")
        } else if (line === "STARTTLS") socket.write("454 no TLS here\r\n")
        else if (line.startsWith("EHLO")) socket.write("250-test\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n")
        else socket.write(line.startsWith("AUTH") ? "235 in\r\n" : line === "QUIT" ? "221 bye\r\n" : "250 ok\r\n")
      }
    })
    socket.on("error", () => undefined)
  })
  return { server, lines }
}

let box: ReturnType<typeof mailbox>
let address: string
beforeAll(async () => {
  box = mailbox()
  await new Promise<void>((done) => void box.server.listen(0, "127.0.0.1", done))
  address = `127.0.0.1:${(box.server.address() as { port: number }).port}`
})
afterAll(() => void box.server.close())

describe("over SMTP", () => {
  test("a letter is handed over with sender, one recipient, subject and link", async () => {
    box.lines.length = 0
    await createMailer({ mail: `smtp://${address}`, from: "App <no-reply@app.example>" }).send(letter)
    const text = box.lines.join("\n")
    expect(text).toContain("MAIL FROM:<no-reply@app.example>")
    expect(box.lines.filter((line) => line.startsWith("RCPT"))).toEqual(["RCPT TO:<ana@mail.example>"])
    expect(text).toMatch(/^Subject: =\?UTF-8\?/m)
    expect(text.replaceAll("=\n", "").replaceAll("=3D", "=")).toContain(letter.link)
    expect(text).not.toContain("AUTH")
  })

  test("a password given beside the address is used on this machine, and to another only under TLS", async () => {
    box.lines.length = 0
    await createMailer({ mail: `smtp://user@${address}`, from: "a@app.example", password: "p@ss" }).send(letter)
    expect(box.lines).toContain(`AUTH PLAIN ${Buffer.from("\0user\0p@ss").toString("base64")}`)
    box.lines.length = 0
    // A spelling of this machine's address that is not known as such stands for another machine.
    const work = createMailer({ mail: `smtp://user:secret-word@${address.replace("127.0.0.1", "127.1")}`, from: "a@app.example" }).send(letter)
    await expect(work).rejects.toThrow()
    expect(box.lines.some((line) => line.startsWith("EHLO"))).toBe(true)
    expect(box.lines.some((line) => line.startsWith("AUTH"))).toBe(false)
  })

  test("an address that could be read as several, or as a header, gets no letter", async () => {
    box.lines.length = 0
    const mailer = createMailer({ mail: `smtp://${address}`, from: "a@app.example" })
    for (const to of ["a,b@mail.example", "a@mail.example\r\nBcc: c", "<a@mail.example>", "a b@mail.example", "a;b@mail.example"]) await expect(mailer.send({ ...letter, to })).rejects.toThrow("address")
    expect(box.lines).toEqual([])
  })

  test("a server that is not there is an error that names no password", async () => {
    const error = await createMailer({ mail: "smtp://user:secret-word@127.0.0.1:1", from: "a@app.example" }).send(letter).then(() => undefined, (thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(Error)
    expect(String((error as Error).stack)).not.toContain("secret-word")
  })
})

describe("the option", () => {
  test("that is no service, or has no sender, is refused without being quoted", () => {
    for (const mail of ["http://user:secret-word@host", "secret-word", "smtp://"]) {
      expect(() => createMailer({ mail, from: "a@app.example" })).toThrow(expect.objectContaining({ code: "option-invalid", message: expect.not.stringContaining("secret-word") }))
    }
    expect(() => createMailer({ mail: "smtp://user:secret-word@host" })).toThrow(expect.objectContaining({ code: "option-invalid", message: expect.stringContaining("--mail-from") }))
  })
})

test("the console prints the link and nothing else that grants the account", async () => {
  const written: string[] = []
  await createConsoleMailer((text) => void written.push(text)).send(letter)
  expect(written).toEqual([`mail (confirm) to "ana@mail.example": ${letter.link}\n`])
})

test("a letter says what it is for and how long it works", () => {
  expect(composeLetter(letter)).toMatch(/confirm your email address[\s\S]+30 minutes/)
  expect(composeLetter({ ...letter, kind: "reset" })).toMatch(/new password/)
})
