// The command line: parses arguments, calls the public interface, prints. Everything else is in server/.
import { Command, InvalidArgumentError, Option } from "commander"
import { apiKeysCommand } from "./api-keys.ts"
import { check } from "./check.ts"
import { dataCommand } from "./data.ts"
import { questionOperations } from "../server/index.ts"
import { explain } from "./explain.ts"
import { keysCommand } from "./keys.ts"
import { indexesCommand } from "./indexes.ts"
import { fail } from "./output.ts"
import { sample } from "./sample.ts"
import { serve } from "./serve.ts"
import { usersCommand } from "./users.ts"

const program = new Command("backstitch")
  .description("Runs an exported MongoDB Atlas App Services app on your own machine and your own MongoDB")
  .showHelpAfterError()

const port = new Option("--port <number>", "port to listen on; 0 takes a free one").default(4080).env("BACKSTITCH_PORT").argParser(readPort)
const secrets = new Option("--secrets <file>", "JSON file of secret names and values, outside the exported directory").env("BACKSTITCH_SECRETS_FILE")
const host = new Option("--host <address>", "address to listen on").default("127.0.0.1").env("BACKSTITCH_HOST")

program
  .command("serve")
  .description("serve an exported app directory; SIGHUP deploys it again as it is then, SIGTERM stops")
  .argument("<directory>", "the exported app")
  .addOption(port)
  .addOption(host)
  .addOption(new Option("--data <file>", "file of the embedded store").conflicts("mongodb"))
  .addOption(new Option("--mongodb <uri>", "serve from this MongoDB instead of the embedded store").env("BACKSTITCH_MONGODB_URI"))
  .addOption(new Option("--public-url <url>", "address clients are told to use").env("BACKSTITCH_PUBLIC_URL"))
  .addOption(new Option("--settings <file>", "JSON file of the operator's settings, outside the exported directory").env("BACKSTITCH_SETTINGS"))
  .addOption(new Option("--trust-proxy <networks>", "proxies whose X-Forwarded-* headers count: addresses, networks, `loopback`; separated by commas").env("BACKSTITCH_TRUST_PROXY"))
  .addOption(new Option("--metrics-token <token>", "who shows it may read /metrics from anywhere; better given in the environment or the settings").env("BACKSTITCH_METRICS_TOKEN"))
  .addOption(new Option("--mail <service>", "how to send letters: smtp://user@host:587, smtps://…, or `console` to print links to standard error").env("BACKSTITCH_MAIL"))
  .addOption(new Option("--mail-from <address>", "sender of letters; the password is read from BACKSTITCH_MAIL_PASSWORD").env("BACKSTITCH_MAIL_FROM"))
  .addOption(secrets)
  .action(async (directory: string, options) => void (await serve(directory, options)))

program
  .command("sample")
  .description("serve the sample app on the embedded store, with a sample user and commands to try")
  .addOption(port)
  .addOption(host)
  .addOption(new Option("--data <file>", "file of the embedded store").default("data/worktracker.sqlite"))
  .action((options) => sample(options))

program
  .command("check")
  .description("load an exported app directory and print what is wrong with it or not supported")
  .argument("<directory>", "the exported app")
  .option("--json", "print one JSON document")
  .addOption(secrets)
  .action((directory: string, options) => check(directory, options))

program
  .command("explain")
  .description("say why a user may or may not do something with a document, or what a request asks of the database; exit status 0: admitted, 1: refused or bad input")
  .argument("<directory>", "the exported app")
  .requiredOption("--user <file or document>", "the user: { id, type, data, custom_data, identities }")
  .requiredOption("--collection <database.collection>", "the collection")
  .addOption(new Option("--op <operation>", "what is asked about").choices([...questionOperations]).default("read"))
  .option("--doc <document>", "the document, as Extended JSON or in the shell's syntax")
  .option("--after <document>", "for an update: the document as it shall be, or update operators")
  .option("--query <document>", "the predicate of a request, or, instead of `--doc`, of the document in the database")
  .option("--sort <document>", "for a find: its order")
  .option("--skip <number>", "for a find: how many to pass over", readWhole)
  .option("--limit <number>", "for a find: how many at most", readWhole)
  .option("--projection <document>", "for a find: its projection")
  .option("--field <path>", "for `distinct`: its field")
  .option("--pipeline <list>", "for `aggregate`: its stages")
  .option("--array-filters <list>", "for an update: its array filters")
  .option("--upsert", "for an update with `--query`: insert where nothing matches")
  .option("--service <name>", "the data source, where the app has several")
  .addOption(new Option("--data <file>", "let functions of rules read this file of the embedded store, and look there for documents and indexes").conflicts("mongodb"))
  .option("--mongodb <uri>", "the same with a MongoDB")
  .option("--json", "print one JSON document")
  .addOption(new Option("--settings <file>", "the operator's settings the app is served with").env("BACKSTITCH_SETTINGS"))
  .addOption(secrets)
  .action((directory: string, options) => explain(directory, options))

program.addCommand(dataCommand())
program.addCommand(indexesCommand())
program.addCommand(usersCommand())
program.addCommand(apiKeysCommand())
program.addCommand(keysCommand())

try {
  await program.parseAsync()
} catch (error) {
  fail(error)
}

function readWhole(text: string): number {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 0) throw new InvalidArgumentError("it is a whole number from 0")
  return number
}

function readPort(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 0 || number > 65_535) throw new InvalidArgumentError("a port is a whole number from 0 to 65535")
  return number
}
