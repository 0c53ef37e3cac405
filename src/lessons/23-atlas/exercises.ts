export const lesson23 = {};
