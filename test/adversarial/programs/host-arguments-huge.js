// {"expect": ["threw", "terminated:memory"], "limits": {"wallMs": 10000}}
exports = async () => { const c = context.services.get('mongodb-atlas').db('a').collection('b'); await c.insertOne({ a: 'x'.repeat(9e7) }); }
