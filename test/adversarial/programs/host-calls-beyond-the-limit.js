// {"expect": ["threw"], "limits": {"wallMs": 5000}}
exports = async () => { const c = context.services.get('mongodb-atlas').db('a').collection('b'); const p = []; for (let k = 0; k < 5000; k++) p.push(c.count()); await Promise.all(p); }
