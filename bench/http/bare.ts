// The floor: a bare route of the same HTTP library that echoes a JSON body. Started by bench/http.ts as a process of its own.
import Fastify from "fastify"

const http = Fastify({ bodyLimit: 18 * 1024 * 1024 })
http.removeAllContentTypeParsers()
http.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => done(null, body))
http.post("/echo", (request, reply) => {
  const { answer } = JSON.parse(request.body as string) as { answer: unknown }
  reply.header("content-type", "application/json").send(Buffer.from(JSON.stringify(answer)))
})
console.log(`serving bare at ${await http.listen({ port: 0, host: "127.0.0.1" })}`)
