// {"expect": ["returned"], "needsServer": true, "limits": {"wallMs": 10000}}
exports = async () => { const c = context.services.get("mongodb-atlas").db("attack").collection("deep"); let q = { a: 1 }; for (let k = 0; k < 150; k++) q = { $and: [q, { $or: [{ b: k }] }] }; return c.find(q).toArray().catch((error) => error.name) }
