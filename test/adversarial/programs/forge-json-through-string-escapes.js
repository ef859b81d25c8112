// {"expect": ["returned", "threw"]}
exports = () => ['"}],"kind":"end"', '\u2028', '\ud800', '\u0000']
