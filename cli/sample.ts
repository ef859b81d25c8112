// `backstitch sample`: the sample app on the embedded store, with a user and commands that work as printed.
import { mkdir } from "node:fs/promises"
import { dirname, resolve } from "node:path"
import { ConfigError } from "../server/index.ts"
import { print } from "./output.ts"
import { serve } from "./serve.ts"

const user = { email: "lea@red.example", password: "worktracker" }

/** Serves `fixtures/apps/worktracker`, registers the sample user if he is new, and prints what to try. */
export async function sample(options: { readonly port: number; readonly host: string; readonly data: string }): Promise<void> {
  const directory = resolve(import.meta.dirname, import.meta.filename.endsWith(".ts") ? ".." : "../..", "fixtures/apps/worktracker")
  const file = resolve(options.data)
  await mkdir(dirname(file), { recursive: true })
  const { server, url } = await serve(directory, { port: options.port, host: options.host, data: file })
  const prefix = `${url}/api/client/v2.0/app/${server.clientAppId}`
  const reply = await server.fetch(new Request(`${prefix}/auth/providers/local-userpass/register`, { method: "POST", body: JSON.stringify(user) }))
  if (reply.status !== 201 && reply.status !== 409) throw new ConfigError("data-unusable", `Cannot register the sample user: the server answered ${reply.status}`)
  print(`
  address       ${url}
  app id        ${server.clientAppId}
  data file     ${file}
  sample user   ${user.email}, password ${user.password} (a team lead)

Log in with curl:

  curl -s ${prefix}/auth/providers/local-userpass/login -d '{"username":"${user.email}","password":"${user.password}"}'

Call a function and read custom user data with realm-web (in this folder, where realm-web is installed):

  node --input-type=module -e '
    import { App, Credentials } from "realm-web"
    const app = new App({ id: "${server.clientAppId}", baseUrl: "${url}" })
    const user = await app.logIn(Credentials.emailPassword("${user.email}", "${user.password}"))
    console.log(user.customData)
    console.log(await user.functions.createTask({ title: "Try Backstitch" }))
    console.log(await user.mongoClient("mongodb-atlas").db("tracker").collection("tasks").find())'
`)
}
