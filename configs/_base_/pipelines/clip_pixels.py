# The mean and the deviation that OpenAI's CLIP and most after it were trained with.
data_preprocessor = dict(
    # for pixels in 0 to 255, RGB
    mean=[122.7709383, 116.7460125, 104.09373615],
    std=[68.5005327, 66.6321579, 70.32316305],
    to_rgb=True,
)
