// {"expect": ["terminated:wall-time", "terminated:cpu-time"], "limits": {"wallMs": 400, "cpuMs": 400}}
exports = () => context.services.get('mongodb-atlas').db('a').collection('b').find({ get a() { for (;;); } }).toArray()
