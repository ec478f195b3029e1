/** Passwords in addresses: whether there is one, and texts without them, for all that is printed or kept readable. */

/** True for a URL with a password; also for what looks like a URL and is none, which may hold anything. */
export const holdsPassword = (text: string): boolean => {
  if (!/^[a-z]+:\/\//i.test(text)) return false;
  if (!URL.canParse(text)) return true;
  const { password, searchParams } = new URL(text);
  return password !== "" || searchParams.has("password");
};

/** The text with `…` for user and password of every address in it. */
export const hidePasswords = (text: string): string =>
  text.replaceAll(/([a-z]+:\/\/)[^\s"']*@/gi, "$1…@").replaceAll(/([?&]password=)[^\s"'&]*/gi, "$1…");
