/** One line of the list of attention methods that the lecture opens with. */
export interface Method {
  name: string;
  /** Of publication, as the list has it. */
  year: number;
  /** How many papers of Papers with Code used it when the lecture was given. */
  papers: number;
  /** Which lesson of this course is about it. */
  lesson: number;
}

const list: [name: string, year: number, papers: number, lesson: number][] = [
  ['Multi-Head Attention', 2017, 2253, 8],
  ['Scaled Dot-Product Attention', 2017, 2225, 7],
  ['Additive Attention', 2014, 68, 2],
  ['Dot-Product Attention', 2015, 44, 3],
  ['SAGAN Self-Attention Module', 2018, 31, 12],
  ['Location-based Attention', 2015, 23, 3],
  ['Content-based Attention', 2014, 22, 3],
  ['Spatial Attention Module', 2018, 17, 23],
  ['Channel Attention Module', 2018, 10, 23],
  ['DV3 Attention Block', 2017, 8, 23],
  ['Location Sensitive Attention', 2015, 7, 23],
  ['Spatial Attention-Guided Mask', 2019, 6, 23],
  ['LAMA', 2019, 5, 23],
  ['Channel-wise Soft Attention', 2017, 4, 23],
  ['Global and Sliding Window Attention', 2020, 2, 23],
  ['Strided Attention', 2019, 2, 16],
  ['Point-wise Spatial Attention', 2018, 2, 23],
  ['Sliding Window Attention', 2020, 2, 23],
  ['Single-Headed Attention', 2019, 2, 23],
  ['Dilated Sliding Window Attention', 2020, 2, 23],
  ['LSH Attention', 2020, 2, 17],
  ['Fixed Factorized Attention', 2019, 2, 16],
  ['SortCut Sinkhorn Attention', 2020, 1, 23],
  ['Dense Synthesized Attention', 2020, 1, 23],
  ['Graph Self-Attention', 2019, 1, 20],
  ['Multi-Head Linear Attention', 2020, 1, 23],
  ['Adaptive Masking', 2019, 1, 14],
  ['Sparse Sinkhorn Attention', 2020, 1, 23],
  ['Factorized Random Synthesized Attention', 2020, 1, 23],
  ['Global Context Block', 2019, 1, 23],
  ['Factorized Dense Synthesized Attention', 2020, 1, 23],
  ['CBAM', 2018, 1, 23],
  ['Routing Attention', 2020, 1, 23],
  ['Random Synthesized Attention', 2020, 1, 23],
  ['Attention-augmented Convolution', 2019, 1, 22],
  ['Multiplicative Attention', 2015, 1, 3],
];

/** The 36 attention methods of the Papers-with-Code list on the lecture's second slide, in its order. */
export const methods: readonly Method[] = list.map(([name, year, papers, lesson]) => ({
  name,
  year,
  papers,
  lesson,
}));
