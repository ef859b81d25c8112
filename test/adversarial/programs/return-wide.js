// {"expect": ["threw", "terminated:memory"]}
exports = () => Array(3e6).fill('0123456789')
