// {"expect": ["returned"]}
exports = () => 1
//# sourceURL=backstitch:prelude
