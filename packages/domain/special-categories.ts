/**
 * What describes a person and is no part of whether a number is registered (GDPR Art. 9, and Art. 5 on data minimisation). Providers send it
 * unasked; it is dropped where a file is read, unless an account's settings name it.
 */
export const specialCategories = ['age', 'gender', 'skin_colour', 'ethnicity', 'avatar'] as const;
export type SpecialCategory = (typeof specialCategories)[number];

/** The words that such columns' names begin with; `age` is `Age` and `age_range`, and not `agency`. */
const columnWords: Readonly<Record<SpecialCategory, readonly string[]>> = {
  age: ['age', 'birth', 'birthday', 'birthdate', 'date of birth', 'dob'],
  gender: ['gender', 'sex'],
  skin_colour: ['skin', 'skincolor', 'skincolour'],
  ethnicity: ['ethnicity', 'ethnic', 'race', 'religion'],
  avatar: ['avatar', 'photo', 'picture', 'profile picture', 'profile photo'],
};

/** The words of the columns that are dropped where these categories are wanted. */
export function droppedColumns(wanted: readonly SpecialCategory[]): readonly string[] {
  return specialCategories.flatMap((category) =>
    wanted.includes(category) ? [] : columnWords[category],
  );
}
