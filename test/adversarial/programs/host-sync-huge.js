// {"expect": ["threw", "terminated:memory"], "limits": {"wallMs": 10000}}
exports = () => utils.crypto.hash('sha256', 'x'.repeat(2e8))
