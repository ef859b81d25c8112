// {"expect": ["threw"]}
exports = async () => { let a = {}; for (let k = 0; k < 1e4; k++) a = { a }; await context.services.get('mongodb-atlas').db('a').collection('b').insertOne(a); }
