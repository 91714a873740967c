/** Who looks, and what they may do. The API has no keys yet: whoever is on this machine may do everything. */
export const useMe = () => ({ hasKeys: false });
