// {"expect": ["returned"], "limits": {"wallMs": 10000}}
exports = async () => { const c = context.services.get('mongodb-atlas').db('a').collection('b'); for (let k = 0; k < 1000; k++) c.count().catch(() => {}); return 1; }
