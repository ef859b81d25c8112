// {"expect": ["threw", "terminated:wall-time", "terminated:cpu-time", "terminated:memory"], "limits": {"wallMs": 3000}}
exports = () => require('crypto').randomBytes(2 ** 31 - 1).length
