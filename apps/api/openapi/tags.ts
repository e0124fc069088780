/** The chapters of the reference, in the order in which somebody new needs them. */
export const tags = [
  { name: 'jobs', description: 'Make jobs of many numbers, watch and steer them.' },
  { name: 'results', description: 'One row per number, and the lines that held none.' },
  { name: 'chunks', description: 'The uploads that a job was cut into.' },
  {
    name: 'holds',
    description:
      'Uploads whose outcome is in doubt: nothing happens to them until a person decides.',
  },
  {
    name: 'replays',
    description: 'Result files that are kept, read again for free, and what that changes.',
  },
  { name: 'checks', description: 'What can be asked of a number, by whom, at what price.' },
  { name: 'accounts', description: 'Credentials at providers: health, balance, money.' },
  {
    name: 'privacy',
    description:
      'Numbers that are not sent any more, numbers that are erased, and the records of what was done.',
  },
  { name: 'keys', description: 'Who may do what.' },
  { name: 'audit', description: 'Who did what, in rows that cannot be changed unseen.' },
  { name: 'health', description: 'For whoever runs the processes.' },
] as const;
