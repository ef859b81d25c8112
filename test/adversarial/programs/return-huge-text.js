// {"expect": ["threw"]}
exports = () => 'x'.repeat(2e8)
