// {"expect": ["threw", "returned", "terminated:memory", "terminated:wall-time"], "needsServer": true, "limits": {"wallMs": 15000}}
exports = async () => { const c = context.services.get("mongodb-atlas").db("attack").collection("big"); await c.insertOne({ text: "x".repeat(17e6) }); return 1 }
