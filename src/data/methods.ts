/** One line of the list of attention methods that the lecture opens with. */
export interface Method {
  name: string;
  /** Of publication, as the list has it. */
  year: number;
  /** How many papers of Papers with Code used it when the lecture was given. */
  papers: number;
  /** Which lesson of this course is about it. */
  lesson: number;
  /** The function of this package that computes it. */
  implementation: string;
}

const list: [name: string, year: number, papers: number, lesson: number, implementation: string][] =
  [
    ['Multi-Head Attention', 2017, 2253, 8, 'multiHeadAttention'],
    ['Scaled Dot-Product Attention', 2017, 2225, 7, 'scaledDotProductAttention'],
    ['Additive Attention', 2014, 68, 2, 'additiveAttention'],
    ['Dot-Product Attention', 2015, 44, 3, 'dotProductAttention'],
    ['SAGAN Self-Attention Module', 2018, 31, 12, 'saganAttention'],
    ['Location-based Attention', 2015, 23, 3, 'locationBasedAttention'],
    ['Content-based Attention', 2014, 22, 3, 'contentBasedAttention'],
    ['Spatial Attention Module', 2018, 17, 23, 'spatialAttentionModule'],
    ['Channel Attention Module', 2018, 10, 23, 'channelAttentionModule'],
    ['DV3 Attention Block', 2017, 8, 23, 'dv3Attention'],
    ['Location Sensitive Attention', 2015, 7, 23, 'locationSensitiveAttention'],
    ['Spatial Attention-Guided Mask', 2019, 6, 23, 'spatialAttentionGuidedMask'],
    ['LAMA', 2019, 5, 23, 'lamaAttention'],
    ['Channel-wise Soft Attention', 2017, 4, 23, 'channelWiseSoftAttention'],
    ['Global and Sliding Window Attention', 2020, 2, 23, 'globalSlidingWindowAttention'],
    ['Strided Attention', 2019, 2, 16, 'sparseTransformerAttention'],
    ['Point-wise Spatial Attention', 2018, 2, 23, 'pointWiseSpatialAttention'],
    ['Sliding Window Attention', 2020, 2, 23, 'slidingWindowAttention'],
    ['Single-Headed Attention', 2019, 2, 23, 'singleHeadedAttention'],
    ['Dilated Sliding Window Attention', 2020, 2, 23, 'dilatedSlidingWindowAttention'],
    ['LSH Attention', 2020, 2, 17, 'lshAttention'],
    ['Fixed Factorized Attention', 2019, 2, 16, 'sparseTransformerAttention'],
    ['SortCut Sinkhorn Attention', 2020, 1, 23, 'sortcutSinkhornAttention'],
    ['Dense Synthesized Attention', 2020, 1, 23, 'denseSynthesizer'],
    ['Graph Self-Attention', 2019, 1, 20, 'graphSelfAttention'],
    ['Multi-Head Linear Attention', 2020, 1, 23, 'linformerAttention'],
    ['Adaptive Masking', 2019, 1, 14, 'adaptiveSpanAttention'],
    ['Sparse Sinkhorn Attention', 2020, 1, 23, 'sinkhornAttention'],
    ['Factorized Random Synthesized Attention', 2020, 1, 23, 'factorizedRandomSynthesizer'],
    ['Global Context Block', 2019, 1, 23, 'globalContextBlock'],
    ['Factorized Dense Synthesized Attention', 2020, 1, 23, 'factorizedDenseSynthesizer'],
    ['CBAM', 2018, 1, 23, 'cbam'],
    ['Routing Attention', 2020, 1, 23, 'routingAttention'],
    ['Random Synthesized Attention', 2020, 1, 23, 'randomSynthesizer'],
    ['Attention-augmented Convolution', 2019, 1, 22, 'attentionAugmentedConvolution'],
    ['Multiplicative Attention', 2015, 1, 3, 'generalAttention'],
  ];

/** The 36 attention methods of the Papers-with-Code list on the lecture's second slide, in its order. */
export const methods: readonly Method[] = list.map(
  ([name, year, papers, lesson, implementation]) => ({
    name,
    year,
    papers,
    lesson,
    implementation,
  }),
);
