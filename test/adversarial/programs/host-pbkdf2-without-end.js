// {"expect": ["threw", "terminated:wall-time", "terminated:cpu-time", "terminated:memory"], "limits": {"wallMs": 3000}}
exports = () => require('crypto').pbkdf2Sync('a', 'b', 2 ** 31 - 1, 64, 'sha512').length
