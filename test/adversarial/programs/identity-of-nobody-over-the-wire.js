// {"expect": ["returned"], "result": "[]"}
exports = async () => { const c = context.services.get('mongodb-atlas').db('a').collection('b'); const names = Object.getOwnPropertyNames(c).concat(Object.getOwnPropertySymbols(c).map(String)); return names.filter((n) => /token|identity/i.test(n)); }
